"""Every page with other encoders than the bundled one: BERT-base's size, and some that lack segments and heads.

In `make rest` each of the four walks a quarter of the pages; tests/families opens all with every family, without a browser.
"""

import shutil

import pytest

from bert_explain.ui.stages import STAGES
from tests.browser.helpers import ROOT, open_app, running_server
from tests.thorough import THOROUGH, part

pytestmark = pytest.mark.rest

BUNDLED = ROOT / "assets" / "models" / "mini-bert"
# These draw no picture of the reader's sentences until something is pressed.
DRAWN_AT_A_PRESS = {
    "What_people_get_wrong",
    "Before_and_after",
    "Replicate_the_paper",
    "Fine_tuning",
    "Features",
    "What_a_layer_knows",
    "Pre_training",
}


def saved(module, folder):
    """A model folder with the bundled tokenizer."""
    module.half().save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(BUNDLED / name, folder)
    return folder


@pytest.fixture(scope="module")
def bert_base(tmp_path_factory):
    """BERT-base's shape, 12 x 12 x 768, with random weights."""
    import torch
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(0)
    return saved(BertForPreTraining(BertConfig()), tmp_path_factory.mktemp("models") / "random-bert-base")


@pytest.fixture(scope="module")
def distilbert(tmp_path_factory):
    """A small DistilBERT: no segments, no next-sentence head, no pooler."""
    import torch
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    torch.manual_seed(0)
    config = DistilBertConfig(dim=48, n_heads=4, n_layers=2, hidden_dim=96)
    return saved(DistilBertForMaskedLM(config), tmp_path_factory.mktemp("models") / "tiny-distilbert")


@pytest.fixture(scope="module")
def electra(tmp_path_factory):
    """A small ELECTRA, the discriminator, with tables narrower than its layers."""
    import torch
    from transformers import ElectraConfig, ElectraForPreTraining

    torch.manual_seed(0)
    config = ElectraConfig(
        hidden_size=48, embedding_size=24, num_attention_heads=4, num_hidden_layers=2, intermediate_size=96, initializer_range=0.2
    )
    return saved(ElectraForPreTraining(config), tmp_path_factory.mktemp("models") / "tiny-electra")


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """A small RoBERTa, its byte-level pieces learned on the spot."""
    from tests.tiny import byte_tokenizer
    from tests.tiny import roberta as made

    folder = tmp_path_factory.mktemp("models") / "tiny-roberta"
    made(hidden_size=48, num_attention_heads=4, intermediate_size=96, max_position_embeddings=130).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("model", "quarter"), [("bert_base", 0), ("distilbert", 1)])
def test_every_page_walks(model, quarter, request, new_page, tmp_path):
    folder = request.getfixturevalue(model)
    with running_server(tmp_path / "server.log", "--model", str(folder)) as url:
        page = new_page(base_url=url)
        for stage in part(STAGES, quarter, 4):
            open_app(page, stage.path, a="He sat by the river bank.", b="The fish did not bite.")
            assert page.locator("h1").count() == 1, stage.name
            assert page.locator('[data-testid="stException"]').count() == 0, stage.name
            if stage.path == "":
                assert page.locator('[class*="st-key-opening"]').count() == 1
            elif stage.path not in DRAWN_AT_A_PRESS:
                assert page.locator('[class*="st-key-pic-"]').count() >= 1, stage.name
            if model == "distilbert":
                assert page.get_by_text("no next-sentence head").first.is_visible(), stage.name
        page.goto("about:blank")  # before its server goes: a page that is left behind asks for it


def test_a_folder_without_weights_is_said_and_the_app_goes_on(new_page, tmp_path):
    folder = tmp_path / "no-weights"
    folder.mkdir()
    shutil.copy(BUNDLED / "config.json", folder)
    with running_server(tmp_path / "server.log", "--model", str(folder)) as url:
        page = new_page(base_url=url)
        open_app(page, "Tokens", a="Hello there.", b="")
        assert page.get_by_text("needs model.safetensors").is_visible()
        assert page.get_by_label("Sentence A", exact=True).input_value() == "Hello there."
        page.goto("about:blank")  # before its server goes: a page that is left behind asks for it
    assert "needs model.safetensors" in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize(("model", "quarter"), [("electra", 2), ("roberta", 3)])
def test_every_page_walks_with_other_families(model, quarter, request, new_page, tmp_path):
    folder = request.getfixturevalue(model)
    with running_server(tmp_path / "server.log", "--model", str(folder)) as url:
        page = new_page(base_url=url)
        texts = {"a": "He sat by the river bank.", "b": "The fish did not bite."}

        def at(path: str, **more: str):
            open_app(page, path, **texts, **more)
            assert page.locator("h1").count() == 1, path
            assert page.locator('[data-testid="stException"]').count() == 0, path
            assert page.get_by_text("no next-sentence head").first.is_visible(), path
            return page.locator('[data-testid="stMain"]').inner_text()

        for stage in part(STAGES, quarter, 4):
            at(stage.path)
        if THOROUGH:  # tests/families says the same of the pages as the server makes them
            they_say(at, model)
        page.goto("about:blank")  # before its server goes: a page that is left behind asks for it


def they_say(at, model: str) -> None:
    """What is said where a model is not as BERT."""
    explore = {"mode": "explore"}
    assert "no head for next sentences" in at("Next_sentence", step="decision", **explore)
    words, outputs = at("Masked_words", step="expected", **explore), at("Outputs", step="replaced", **explore)
    sum_, tokens = at("Input_embeddings", step="sum", **explore), at("Tokens", step="look-ups", **explore)
    if model == "electra":
        assert "never guesses one" in words
        assert "taken for replaced" in outputs
        assert "One matrix then makes 48 numbers of these 24" in sum_
        assert "How one word is cut" in tokens
    else:
        assert "hidden word becomes <mask>" in words
        assert "only ELECTRA" in outputs
        assert "Two rows, added" in sum_
        assert "How one word is put together" in tokens
