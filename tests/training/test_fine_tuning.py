"""Fine-tuning: what is trained and what is not, hand-worked readings, Hugging Face's own classes on what is saved."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from bert_explain import models
from bert_explain.core.errors import BadModel, BadQuery
from bert_explain.kernel.tasks import Answer, Pair, Sequence, Task, Tokens
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import fine_tuning as ft
from bert_explain.training.fine_tuning import Recipe, Watch
from tests.tiny import tiny_bert, tiny_decoder

WET, DRY = ("river", "water"), ("bank", "cold")
RECIPE = Recipe("tiny", "liked", 40, "all", 30, 1e-2)


def sentences(count: int) -> tuple[Sequence, ...]:
    words = [(w, "yes") for w in WET] + [(w, "no") for w in DRY]
    frames = ("the {}", "{} .", "the {} .", "{}", "{}s", "the {}s", ". {}", "the the {}")
    rows = [Sequence(f.format(w), label, f"{f} {w}") for f in frames for w, label in words]
    return tuple((rows * 2)[:count])


@pytest.fixture(scope="module")
def liked() -> Task:
    return Task("liked", "Liked", "sequence", ("no", "yes"), sentences(40), sentences(16), None)


@pytest.fixture(scope="module")
def tuned(liked):
    return ft.train(tiny_bert(), liked, RECIPE)


def test_it_learns_what_two_lists_of_words_tell(liked, tuned):
    assert tuned.score >= 0.9
    assert tuned.score == np.mean([s == e.label for s, e in zip(tuned.said, liked.test, strict=True)])
    assert np.mean(tuned.losses[-10:]) < np.mean(tuned.losses[:10])
    assert len(tuned.losses) == 30 * 3 == len(tuned.right)  # 40 examples are three batches
    assert [step for step, _ in tuned.tested] == [3 * epoch for epoch in range(1, 31)]
    np.testing.assert_allclose(tuned.chances.sum(axis=1), 1, rtol=1e-5)
    assert tuned.chances.shape == (16, 2)


def test_the_model_itself_stays_as_it_was(liked):
    model = tiny_bert()
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    ft.train(model, liked, replace(RECIPE, epochs=1))
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    assert not any(p.requires_grad for p in model.module.parameters())


def test_the_same_recipe_gives_the_same_numbers_whatever_else_draws(liked, tuned):
    torch.manual_seed(99)
    again = ft.train(tiny_bert(), liked, RECIPE, lambda *_: torch.rand(3))
    assert again.losses == tuned.losses
    other = ft.train(tiny_bert(), liked, replace(RECIPE, seed=1))
    assert other.losses != tuned.losses


@pytest.mark.parametrize(
    ("trained", "moved"), [("head", set()), ("1", {"layer.1", "pooler"}), ("all", {"emb", "layer.0", "layer.1", "pooler"})]
)
def test_only_what_is_said_is_trained(liked, trained, moved):
    model = tiny_bert()
    found = ft.train(model, liked, replace(RECIPE, trained=trained, epochs=1)).net
    before = model.module.base_model.state_dict()
    changed = {name for name, value in found.body.state_dict().items() if not torch.equal(before[name], value)}

    def part(name: str) -> str:
        return (
            "emb" if name.startswith("embeddings") else "pooler" if name.startswith("pooler") else name.split("encoder.")[1][:7]
        )

    assert {part(name) for name in changed} == moved
    assert model.spec.n_layers == 2


def test_padding_changes_nothing(liked, tuned):
    for example, said, chances in zip(liked.test, tuned.said, tuned.chances, strict=True):
        tokens, logits = ft.predict(tuned.net, example.text)
        assert liked.labels[int(logits.argmax())] == said
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), chances, atol=1e-5)
        assert tokens[0].text == "[CLS]"


def test_the_loss_is_the_cross_entropy():
    batch = ft.Batch(None, None, torch.ones(2, 3), torch.tensor([0, 1]))
    loss, right = ft.loss_of("sequence", torch.tensor([[0.0, 0.0], [0.0, np.log(3.0)]]), batch)
    assert float(loss) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)
    assert right == 1.0
    tags = ft.Batch(None, None, torch.ones(1, 3), torch.tensor([[ft.NOT_ONE, 1, 0]]))
    loss, right = ft.loss_of("token", torch.zeros(1, 3, 2), tags)
    assert float(loss) == pytest.approx(np.log(2))
    assert right == 0.5  # of equal logits the first counts
    ends = ft.Batch(None, None, torch.tensor([[1, 1, 0]]), torch.tensor([[0, 1]]))
    loss, _ = ft.loss_of("span", torch.tensor([[[0.0, 0.0], [0.0, 0.0], [9.0, 9.0]]]), ends)
    assert float(loss) == pytest.approx(np.log(2))  # what is padding gets nothing


def test_a_tag_is_read_from_the_first_piece_of_its_word():
    task = Task("t", "T", "token", ("O", "B-x", "I-x"), (), (), None)
    net = ft.Net(tiny_bert(), "token", 3)
    read = ft.read_example(net, Tokens("Banks river cold.", ("O", "B-x", "O", "O"), "p"), task.labels)
    pieces = [t.text for t in read.tokens]
    assert [pieces[i] for i, label in enumerate(read.target) if label == 1] == ["river"]
    assert sum(label != ft.NOT_ONE for label in read.target) == 4
    logits = np.zeros((len(pieces), 3))
    logits[pieces.index("river"), 2] = 1
    assert ft.tags_of(read.tokens, Tokens("Banks river cold.", (), "p").spans, logits, task.labels) == [
        "O",
        "I-x",
        "O",
        "O",
    ]


def test_an_answer_is_the_best_start_and_end_in_the_passage():
    net = ft.Net(tiny_bert(), "span", 0)
    passage = "the cold river banks ."
    tokens = ft.read_text(net, "the bank", passage)
    start, end = ft.answer_tokens(tokens, (4, 14))
    assert [tokens[start].text, tokens[end].text] == ["cold", "river"]
    logits = np.full((len(tokens), 2), -5.0)
    assert ft.best_span(tokens, logits * 0) is None  # no answer is as good
    logits[start, 0] = logits[end, 1] = 3
    logits[1, 0] = logits[2, 1] = 9  # in the question: not allowed
    assert passage[slice(*ft.best_span(tokens, logits))] == "cold river"
    logits[end, 0], logits[start, 1] = 8, 8  # a start behind its end is none
    i, j = ft.best_span(tokens, logits)
    assert passage[i:j] in ("river", "cold")
    logits[0] = 20
    assert ft.best_span(tokens, logits) is None
    assert ft.best_span(ft.read_text(net, "bank"), np.zeros((3, 2))) is None


def test_a_decoder_is_read_at_its_last_token(liked):
    decoder = tiny_decoder()
    found = ft.train(decoder, liked, replace(RECIPE, epochs=2))
    assert found.net.looks_back
    trace = run(decoder, Query(liked.test[0].text))
    np.testing.assert_allclose(found.before[0], trace.hidden[-1, -1], atol=1e-5)
    with pytest.raises(BadModel, match="no class"):
        ft.packed(found)
    with pytest.raises(BadModel):
        ft.in_the_walk(found)


def test_before_is_the_pooled_cls_of_the_walk(liked, tuned):
    for i in (0, 7):
        np.testing.assert_allclose(tuned.before[i], run(tiny_bert(), Query(liked.test[i].text)).pooled, atol=1e-5)


def test_the_walk_opens_on_what_was_trained(liked, tuned):
    encoder = ft.in_the_walk(tuned)
    assert models.load(tuned.recipe.name) is encoder
    assert tuned.recipe.name not in models.entries()
    trace = run(encoder, Query(liked.test[3].text))
    np.testing.assert_allclose(trace.pooled, tuned.after[3], atol=1e-5)
    assert not trace.spec.has_mlm
    assert not trace.spec.has_nsp
    assert trace.spec.fingerprint != tiny_bert().spec.fingerprint


TASKS = {
    "sequence": ("BertForSequenceClassification", ("no", "yes"), Sequence("the water", "yes", "p")),
    "pair": ("BertForSequenceClassification", ("no", "yes"), Pair("the bank", "the water", "yes", "p")),
    "token": ("BertForTokenClassification", ("O", "B-x"), Tokens("the cold river", ("O", "O", "B-x"), "p")),
    "span": ("BertForQuestionAnswering", (), Answer("the bank", "the cold river .", "t", (4, 14), "p")),
}


@pytest.mark.parametrize("kind", list(TASKS))
def test_what_is_downloaded_gives_the_same_numbers_in_hugging_face(kind, tmp_path):
    import transformers

    name, labels, example = TASKS[kind]
    task = Task("one", "One", kind, labels, (example,) * 4, (example,), None)
    found = ft.train(tiny_bert(), task, Recipe("tiny", "one", 4, "all", 2, 1e-3))
    with zipfile.ZipFile(io.BytesIO(ft.packed(found))) as file:
        file.extractall(tmp_path)
    folder = tmp_path / found.recipe.name
    assert {"config.json", "model.safetensors", "recipe.json"} <= {path.name for path in folder.iterdir()}
    module, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokens, logits = ft.predict(found.net, *example.inputs)
    given = tokenizer(*example.inputs, return_tensors="pt")
    assert given["input_ids"][0].tolist() == [t.id for t in tokens]
    with torch.no_grad():
        out = module.eval()(**given)
    theirs = torch.stack([out.start_logits, out.end_logits], dim=-1) if kind == "span" else out.logits
    np.testing.assert_allclose(theirs[0].numpy(), logits, atol=1e-5)
    if labels:
        assert module.config.id2label == dict(enumerate(labels))


def test_a_folder_that_was_not_finished_is_not_there(tuned, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(type(tuned.net.tokenizer), "save_pretrained", full)
    with pytest.raises(OSError, match="space"):
        ft.save(tuned, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_stopping_ends_it_at_the_next_step(liked):
    class Stopped(BaseException):
        pass

    watch = Watch()

    def stop(share: float, text: str) -> None:
        if len(watch.losses) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        ft.train(tiny_bert(), liked, RECIPE, stop, watch)
    assert len(watch.losses) == 2


def test_a_pause_holds_it_until_it_goes_on(liked):
    watch, seen = Watch(), []

    def look(share: float, text: str) -> None:
        seen.append(text.startswith("Paused"))
        if len(watch.losses) == 1:
            watch.paused.put("reader", not seen[-1] or sum(seen) < 3)

    ft.train(tiny_bert(), liked, replace(RECIPE, epochs=1), look, watch)
    assert sum(seen) == 3
    assert len(watch.losses) == 3


def test_it_is_made_once_for_all_who_ask(liked):
    recipe = replace(RECIPE, seed=7, epochs=1)
    assert ft.kept(tiny_bert(), recipe) is None
    made = ft.made(tiny_bert(), liked, recipe)
    assert ft.made(tiny_bert(), liked, recipe) is made is ft.kept(tiny_bert(), recipe)
    assert made.nbytes > sum(p.numel() * 4 for p in made.net.parameters())


def test_what_cannot_be_trained_says_why(liked):
    assert "not built as BERT" in ft.unfit(tiny_bert("distilbert"), "sequence")
    assert "pooler" in ft.unfit(tiny_bert("bare"), "sequence") or not tiny_bert("bare").spec.has_pooler
    assert ft.unfit(tiny_bert(), "sequence") == ""
    with pytest.raises(BadModel):
        ft.train(tiny_bert("distilbert"), liked, RECIPE)
    with pytest.raises(BadQuery):
        ft.train(tiny_bert(), replace(liked, train=()), RECIPE)


def test_names_are_words_of_an_address():
    assert Recipe("mini-bert", "names", 50, "2", 3, 1e-4, 5).name == "tuned-mini-bert-names-50-2-3-0.0001-5"
    assert Recipe("m", "t", rate=3e-5).name == "tuned-m-t-200-all-3-3e-5-0"


def test_the_new_layer_stands_at_the_end_of_the_walk_and_in_the_folder(liked, tuned, tmp_path):
    model = ft.in_the_walk(tuned)
    assert (model.task.kind, model.task.labels, model.task.here) == ("sequence", ("no", "yes"), True)
    assert model.task.architecture == "BertForSequenceClassification"
    _, logits = ft.predict(tuned.net, "the river")
    np.testing.assert_allclose(run(model, Query("the river")).task_logits(), logits, atol=1e-5)
    again = models.registry.from_folder(ft.save(tuned, tmp_path / "tuned"), "again", "again")
    assert (again.task.labels, again.task.reads, again.task.stated) == (("no", "yes"), "softmax", True)
    np.testing.assert_allclose(run(again, Query("the river")).task_logits(), logits, atol=1e-5)


@pytest.mark.parametrize("kind", ["token", "span"])
def test_layers_of_other_kinds_stand_there_too(kind):
    labels = ("O", "B-x") if kind == "token" else ()
    net = ft.Net(tiny_bert(), kind, len(labels)).eval()
    task = Task("t", "T", kind, labels, (), (), None)
    none = np.zeros((0, 0))
    made = ft.Tuned(replace(RECIPE, task=f"walk-{kind}"), task, (), (), (), (), none, 0.0, 0.0, 0.0, none, none, 0.0, net)
    model, (_, logits) = ft.in_the_walk(made), ft.predict(net, "the river", "water" if kind == "span" else "")
    trace = run(model, Query("the river", "water" if kind == "span" else ""))
    np.testing.assert_allclose(trace.task_logits(), logits, atol=1e-5)
    assert (model.task.kind, model.task.labels) == (kind, labels)
