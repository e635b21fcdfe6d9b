"""Home and the frame around every page, as Streamlit runs them: texts, choices, links, bad input."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.content import tour
from bert_explain.content.glossary import terms
from bert_explain.kernel.readings import percent
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.ui.stages import ASIDE, BERT, GROUPS, STAGES

APP = str(Path(__file__).resolve().parents[2] / "app.py")


def opened(page: str = "app.py", **params: str) -> AppTest:
    """A page, opened cold at an address."""
    at = AppTest.from_file(APP, default_timeout=60)
    for name, value in params.items():
        at.query_params[name] = value
    if page != "app.py":
        at.switch_page(page)
    return at.run()


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    return (
        " ".join(str(e.proto.body) for e in at.get("html"))
        + " ".join(c.value for c in at.caption)
        + " ".join(t.value for t in at.text)
    )


def test_home_says_what_bert_is_in_six_sentences():
    at = opened()
    assert not at.exception
    intro = at.markdown[0].value
    assert intro.count(". ") + intro.endswith(".") == 6
    assert at.text_input(key="w-sentence-a").label == "Sentence A"
    assert at.text_input(key="w-sentence-b").label == "Sentence B"


def test_an_edit_changes_numbers_and_address(mini_bert):
    at = opened(step="walk", mode="explore")
    at.text_input(key="w-sentence-a").set_value("He drank a cup of tea.").run()
    assert not at.exception
    trace = run(mini_bert, Query("He drank a cup of tea.", at.text_input(key="w-sentence-b").value))
    assert percent(float(trace.nsp[0])).replace(" %", "") in said(at)
    assert at.query_params["a"] == "He drank a cup of tea."


def test_an_example_is_taken_whole():
    at = opened(mask="3")
    at.session_state["examples"] = True  # the list is open
    at.run()
    assert "19 of 512 tokens" in said(at)
    at.button(key="example-2").click().run()
    assert at.text_input(key="w-sentence-a").value == "The cat sat on the mat."
    assert at.query_params["b"] == "It was fast asleep."
    assert "mask" not in at.query_params


BAD = [
    ("", "x"),
    ("", ""),
    ("     ", ""),
    ("?!... --", "…"),
    ("The cat sat. " * 770, ""),
    ("😀🎉 🧑‍🚀", "👍🏽"),
    ("مرحبا بالعالم", "שלום"),
    ("a\x00b\u200b\x1b[31m\u202ec", "\ufeff"),
    ("<script>alert(1)</script><style>*{display:none}</style>", "![x](http://x.invalid/a.png)"),
    ("`` ` $x$ :red[a] **b** [l](javascript:alert(1))", "{0} {a} %s"),
    ("[MASK] [SEP] [CLS] [PAD]", "[UNK]"),
    ("a", "b" * 5000),
]


@pytest.mark.parametrize(("a", "b"), BAD)
def test_bad_text_keeps_the_page_alive_and_the_text(a, b):
    at = opened(a=a, b=b)
    assert not at.exception
    assert at.text_input(key="w-sentence-a").value == a
    assert at.text_input(key="w-sentence-b").value == b
    assert at.title[0].value == "See how BERT works"


def test_empty_and_cut_texts_are_said():
    assert "Sentence A is empty" in said(opened(a="", b=""))
    assert "were cut off" in said(opened(a="word " * 600, b=""))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_broken_link_opens_every_page(stage):
    at = opened(
        stage.file,
        a="Hello there.",
        b="",
        layer="99",
        head="-1",
        token="77",
        mask="400,1",
        off="9.9",
        seg="<b>",
        swap="maybe",
        put="1.99999999",
        model="../evil",
        view="nonsense",
        z="garbage",
    )
    assert not at.exception
    text = said(at)
    for words in (
        "no layer 99",
        "head=-1",
        "no token 77",
        "no masked position 400",
        "no switched-off head 9.9",
        "../evil",
        "damaged",
    ):
        assert words in text, words
    assert "seg=&lt;b&gt;" in text, "what a link says is escaped"


def test_choices_stay_from_page_to_page():
    at = opened(a="He sat by the river bank.", b="It was cold.", layer="3", head="4", token="5", mask="5", off="2.1")
    for stage in STAGES[1:]:
        at.switch_page(stage.file).run()
        assert not at.exception, stage.name
        assert at.text_input(key="w-sentence-a").value == "He sat by the river bank."
        for name, value in {"layer": "3", "head": "4", "token": "5", "mask": "5", "off": "2.1"}.items():
            assert at.query_params[name] == value, (stage.name, name)


def test_every_page_but_home_has_a_door_and_its_place_in_the_reading_order():
    assert STAGES[0].name == "Text"
    assert {door.page for door in tour.doors()} == {stage.name for stage in STAGES[1:]}
    places = [GROUPS.index(stage.group) for stage in STAGES[1:]]
    assert places == sorted(places), "one group after the other"
    assert all(bool(stage.picture) == (stage.group == BERT) for stage in STAGES)
    files = {path.name for path in (Path(APP).parent / "pages").glob("*.py")}
    assert files == {Path(stage.file).name for stage in (*STAGES[1:], *ASIDE)}


def test_an_edit_keeps_masks_only_where_the_same_piece_stands():
    at = opened(a="He sat by the river bank.", b="", mask="1,6", token="6")
    at.text_input(key="w-sentence-a").set_value("He sat by the old river bank.").run()
    assert at.query_params["mask"] == "1"
    assert "token" not in at.query_params


def test_undo_all():
    at = opened(a="He sat by the river.", b="It was cold.", mask="2", off="1.1", seg="flipped", swap="1")
    assert "1 token masked, heads switched off, segments flipped, sentences swapped" in said(at)
    at.button(key="undo-all").click().run()
    assert not {"mask", "off", "seg", "swap"} & set(at.query_params)


def test_a_model_that_cannot_be_had_is_said(monkeypatch, tmp_path):
    (tmp_path / "empty-model").mkdir()
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(tmp_path / "empty-model"))
    at = opened()
    assert not at.exception
    assert "config.json" in said(at)
    assert "mini-bert is shown instead" in said(at)
    assert at.title[0].value == "See how BERT works"


def test_a_hub_model_that_is_not_here_is_said():
    at = opened(model="bert-base-uncased", a="Hello there.", b="")
    assert not at.exception
    assert "BERT-base, uncased is not on this machine" in said(at)
    assert "mini-bert is shown instead" in said(at)
    assert at.text_input(key="w-sentence-a").value == "Hello there."


def test_the_glossary_explains_the_terms_of_the_pages():
    names = {term.name for term in terms()}
    assert {"token", "segment", "head", "layer", "hidden state", "logits", "pooler"} <= names
    assert all(term.text.endswith(".") for term in terms())


def test_pages_that_use_one_name_for_different_choices_do_not_meet():
    """ "made" is a made-up word on the ELMo page and a number of written tokens on the decoder's."""
    at = opened("pages/10_ELMo.py", a="He sat by the bank.", b="", made="bankly")
    at.switch_page("pages/11_OpenAI_Transformer.py").run()
    assert not at.exception
    assert "made" not in at.query_params
    at.query_params["made"] = "bankly"  # a link of ours carries what was chosen there
    at.switch_page("pages/10_ELMo.py").run()
    assert at.query_params["made"] == "bankly"
