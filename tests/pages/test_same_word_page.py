"""The page "Same word", as Streamlit runs it: the sets, the reader's own lists, bad input, links, models that are missing."""

import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import same_word as sw
from bert_explain.analysis import sense_index, senses
from bert_explain.analysis.occurrences import PieceReader
from bert_explain.chapters.same_word import draw as part
from bert_explain.chapters.same_word import sense_looks
from bert_explain.content import trained, wordnet
from bert_explain.engines.cache import TRACES
from bert_explain.engines.jobs import JOBS
from bert_explain.errors import Missing
from bert_explain.kernel.readings import share
from bert_explain.ui import sense_cache, working
from tests.whole import explore, finished, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}


@pytest.fixture(autouse=True)
def two_models(monkeypatch, mini_bert):
    """BERT and GloVe stand for all; the others say why they are not there. Tests stay fast, and need no other weights."""
    table = np.random.default_rng(0).normal(size=(1, 4)).astype(np.float32)

    class Static:
        key, title, layers, size, fingerprint = "glove", "GloVe", ("its only vector",), 4, "0"

        def vectors(self, there, layer=None, progress=None):
            return np.repeat(table[None], len(there), axis=1)

    def reader(key, model_name):
        if key == "bert":
            return PieceReader("bert", "BERT", mini_bert)
        if key == "glove":
            return Static()
        raise Missing(f"{oc.KINDS[key]} is not in this test.")

    monkeypatch.setattr(sense_cache, "reader", reader)
    TRACES.clear()
    yield
    TRACES.clear()


def opened(**params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=200))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/13_Same_word.py")
    at.run()
    assert not at.exception
    return at


def own(word: str, lines: str) -> dict[str, str]:
    return {"set": part.OWN, "word": word, "lines": part.LINES.show(lines)}


def html(at: AppTest) -> str:
    return " ".join(str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body)


def titles(at: AppTest) -> list[str]:
    return [s.value for s in at.subheader]


def charts(at: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def edit(at: AppTest, key: str, value: str) -> AppTest:
    (at.text_input(key) if key == "same-word" else at.text_area(key)).set_value(value).run()
    assert not at.exception
    return at


def numbers(trace: dict) -> list[float]:
    """A plotly trace's y, which travels as base64."""
    import base64

    y = trace["y"]
    return np.frombuffer(base64.b64decode(y["bdata"]), y["dtype"]).tolist() if isinstance(y, dict) else y


def test_the_numbers_are_the_models(mini_bert):
    at = opened()
    found = part.found_in("bank", part.content.sets()[0].lines)
    labels = [o.label for o in found.occurrences]
    stack = PieceReader("bert", "BERT", mini_bert).vectors(found.occurrences)
    said = html(at)
    near = senses.nearest(found.occurrences, stack[-1], 0)
    assert sense_looks.table(found.occurrences, stack[-1], near, 0).html() in said
    assert "Word2Vec and GloVe have one vector for" in said or "GloVe has one vector for" in said
    lines = {
        t["name"]: numbers(t)
        for c in charts(at)
        for t in c["data"]
        if c["layout"].get("yaxis", {}).get("title", {}).get("text") == "silhouette"
    }
    assert lines["BERT"] == pytest.approx([senses.silhouette(v, labels) for v in stack], abs=1e-4)
    assert lines["GloVe"] == [0, 0]
    assert "ELMo is left out. ELMo is not in this test." in said


@pytest.mark.slow
def test_every_set_can_be_chosen():
    at = opened()
    for chosen in part.content.sets():
        at.pills(key="w-Same word-set@sentences").set_value(chosen.name).run()
        assert not at.exception
        assert at.text_input("same-word").value == chosen.word
        assert f"<b>{chosen.word}</b>" in html(at).lower()


def test_an_edit_makes_the_list_the_readers_own_and_stands_in_the_address():
    at = opened()
    edit(at, "same-lines", "tree | The bark of the tree.\ntree | Rough bark.\ndog | The dog's bark.")
    assert "“bank” is not in any of the 3 sentences" in html(at)
    edit(at, "same-word", "bark")
    assert "The same sentences, in every model" in titles(at)
    assert at.query_params["set"] == part.OWN
    assert at.query_params["word"] == "bark"
    again = opened(**{name: at.query_params[name] for name in ("set", "word", "lines")})
    assert again.text_area("same-lines").value.startswith("tree | The bark")
    at.pills(key="w-Same word-set@sentences").set_value("bat").run()
    at.pills(key="w-Same word-set@sentences").set_value(part.OWN).run()
    assert at.text_input("same-word").value == "bark"  # nothing is lost by looking at a set


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "lines", "said"),
    [
        ("bank", "", "The list is empty"),
        ("", "The bank.", "Say which word"),
        ("bark", "The bank.", "is not in the one sentence"),
        ("bank", "\n".join(f"bank {i}" for i in range(2000)), "2,000 times; the first 12"),
        ("bank", "x" * (sw.LONGEST_LIST + 1), "characters"),
        ("bank", "The bank.", "One sentence has nothing to be compared with"),
        ("bank", "The bank.\nA bank.", "Give the sentences labels"),
        ("bank", "a | The bank.\na | A bank.", "at least two different labels"),
        ("🙂", "a | 🙂 yes\na | no 🙂\nb | 🙂 🙂", "The same sentences"),
        ("bank", "<b>x</b> | <script>alert(1)</script> bank\n<b>x</b> | <img src=x> bank\ny | bank", "&lt;script&gt;"),
        ("bank", "a | bank " + "word " * 700 + "bank\na | A bank.\nb | bank", "longer than 2,000 characters"),
        ("ba\x00nk", "a | The ba\x00nk.\nb | ba\x00nk", "a"),
    ],
)
def test_bad_and_odd_lists_get_a_clear_sentence_and_nothing_breaks(word, lines, said):
    at = opened()
    edit(at, "same-lines", lines)
    edit(at, "same-word", word)
    assert said in html(at) + " ".join(titles(at))
    assert "<script>" not in html(at)
    assert at.text_area("same-lines").value == lines


def test_a_good_file_becomes_the_list_and_a_bad_one_changes_nothing():
    at = opened()
    at.file_uploader(part.UPLOAD).set_value(("a.csv", b"text,kind\nA bank.,x\n", "text/csv")).run()
    assert not at.exception
    assert "no column called sentence. Its columns: text, kind" in html(at)
    assert at.text_area("same-lines").value == part.content.sets()[0].lines
    at.file_uploader(part.UPLOAD).set_value(("b.csv", b"sentence,label\nOne bank.,x\nTwo banks.,y\n", "text/csv")).run()
    assert at.text_area("same-lines").value == "x | One bank.\ny | Two banks."


def upload(at, text: str, name: str = "own.csv"):
    at.file_uploader(part.UPLOAD).set_value((name, text.encode(), "text/csv")).run()
    assert not at.exception
    return at


def test_a_file_about_another_word_proposes_that_word_and_others():
    at = upload(opened(), "sentence,label\nThe bark of the oak.,tree\nRough bark of an oak.,tree\nThe dog's bark.,dog\n")
    assert at.text_input("same-word").value == "bark"
    assert "The same sentences, in every model" in titles(at)
    others = {b.label: b for b in at.button if (b.key or "").startswith("same-shared-")}
    assert list(others) == ["bark (3 of 3)", "oak (2 of 3)"]
    others["oak (2 of 3)"].click().run()
    assert not at.exception
    assert (at.text_input("same-word").value, at.query_params["word"]) == ("oak", "oak")
    assert "not in it: line 3" in html(at)


def test_a_file_keeps_the_word_that_most_of_it_has_already():
    at = upload(opened(), "sentence\nA light bank.\nThe light bank.\n")
    assert at.text_input("same-word").value == "bank"


def test_rows_that_are_not_read_are_named_where_the_file_stands():
    at = upload(opened(), "sentence,label\nOn the bank, she slept.,river\nA bank.,money\nThe bank.,river\n")
    assert "Not read, because of more cells than the 2 columns that the first row names: row 2." in html(at)
    assert at.text_area("same-lines").value == "money | A bank.\nriver | The bank."


def test_a_file_sorted_by_label_is_compared_at_once_and_others_can_be_chosen():
    rows = [f"The bank {label} {i}.,{label}" for label in ("river", "money") for i in range(15)]
    at = upload(opened(), "sep=,\nsentence,label\n" + "\n".join(rows))
    assert "30 times; 12 of them, taken from the labels in turn (6 river, 6 money), are compared" in html(at)
    assert "Give the sentences labels" not in html(at)
    first = re.search('<ol class="occurrences">.*?</ol>', html(at)).group()
    at.button("same-lot").click().run()
    assert not at.exception
    second = re.search('<ol class="occurrences">.*?</ol>', html(at)).group()
    assert first != second
    assert at.query_params["lot"] == "2"
    again = opened(**{name: at.query_params[name] for name in ("set", "word", "lines", "lot")})
    assert re.search('<ol class="occurrences">.*?</ol>', html(again)).group() == second
    at.button("same-lot").click().run()
    at.button("same-lot").click().run()
    assert re.search('<ol class="occurrences">.*?</ol>', html(at)).group() == first


def test_the_link_of_a_list_that_is_too_long_reopens_what_was_compared():
    at = opened()
    random = np.random.default_rng(5)
    lines = "\n".join(f"l{i % 2} | The bank of {random.integers(10**12)}." for i in range(2000))
    edit(at, "same-lines", lines)
    assert "too long for a link. The link holds only the sentences that are compared." in html(at)
    again = opened(**{name: at.query_params[name] for name in ("set", "word", "lines", "few")})
    assert "not possible here" not in html(again)
    assert again.text_area("same-lines").value.count("\n") == sw.MOST - 1
    shown = [re.search('<ol class="occurrences">.*?</ol>', html(page)).group() for page in (at, again)]
    assert shown[0] == shown[1]
    edit(again, "same-lines", "a | The bank.\nb | A bank.\nb | My bank.")  # a short list: the link holds it all again
    assert "few" not in again.query_params


def test_a_link_keeps_layer_sentence_and_model():
    at = opened(deep="2", pick="5", seen="GloVe", set="light")
    assert at.slider("same-deep-one").value == 2
    assert "Closer: GloVe, one vector a word" in titles(at)
    assert '<li class="chosen"><span class="mark" style="color:var(--be-segment-b)">not heavy' in html(at)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{"deep": "-1"}, {"pick": "99"}, {"lines": "###"}, {"set": "x"}, {"seen": "<b>"}])
def test_bad_links_are_said_and_dropped(params):
    assert "not possible here" in html(opened(**params))


def test_the_search_finds_the_sense_of_sentence_a():
    at = opened(token="5")
    said = html(at)
    assert "The same word elsewhere" in titles(at)
    assert "sloping land" in said
    assert "the first 13 are equally near" in said
    at = opened(a="He read a xyzzy.", token="4")
    assert "WordNet has no example sentence" in html(at)


def test_a_word_with_few_sentences_is_measured_honestly():
    assert "cannot tell models apart" in html(opened(token="5"))


def test_the_search_over_all_asks_first_and_then_finds(monkeypatch, tmp_path, mini_bert):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    net = wordnet.load()
    few = wordnet.WordNet(net.sentences.iloc[:80].reset_index(drop=True), net.senses)
    monkeypatch.setattr(wordnet, "load", lambda: few)
    monkeypatch.setattr(sense_cache, "all_forms", lambda key: np.ones((80, 4), np.float16))
    at = opened(where="all sentences", after="1")
    assert "has to have read all 80 sentences once" in html(at)
    next(b for b in at.button if b.label == "Search all sentences").click().run()
    assert not at.exception
    assert "The nearest of all sentences" in titles(at)
    assert any(tmp_path.rglob("*.usearch"))
    another = opened(where="all sentences", after="1")  # what one reader had made is shown to no other unasked
    assert "has to have read all 80 sentences once" in html(another)
    assert "The nearest of all sentences" not in titles(another)
    link = opened(where="all sentences", after="1", indexed=at.query_params["indexed"])
    assert "The nearest of all sentences" in titles(link)
    other = opened(where="all sentences", after="2", indexed=at.query_params["indexed"])  # of another layer: asked anew
    assert "has to have read all 80 sentences once, for layer 2" in html(other)


def test_the_index_is_built_beside_the_page_and_can_be_cancelled(monkeypatch, tmp_path):
    few = wordnet.WordNet(wordnet.load().sentences.iloc[:80].reset_index(drop=True), wordnet.load().senses)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(wordnet, "load", lambda: few)
    monkeypatch.setattr(working, "AT_ONCE", 0.1)
    begun, go = threading.Event(), threading.Event()
    built = sense_index.build

    def slow(reader, layer, net, progress):
        begun.set()
        assert go.wait(60)
        progress(40, 80)
        return built(reader, layer, net, progress)

    monkeypatch.setattr(sense_index, "build", slow)
    at = explore(AppTest.from_file(APP, default_timeout=200))
    for name, value in {**PAIR, "where": "all sentences", "after": "1", "step": "search"}.items():
        at.query_params[name] = value
    at.switch_page("pages/13_Same_word.py")
    at.run()
    next(b for b in at.button if b.label == "Search all sentences").click().run()
    assert begun.wait(60)
    assert not at.exception
    at.text_input[1].set_value("An edit while it is built.").run()  # answered at once, and the work goes on
    assert at.query_params["b"] == "An edit while it is built."
    assert any(b.label == "Cancel" for b in at.button)
    next(b for b in at.button if b.label == "Cancel").click().run()
    go.set()
    assert JOBS.wait(60)
    at.run()
    assert any(b.label == "Search all sentences" for b in at.button)
    assert "indexed" not in at.query_params
    assert not any(tmp_path.rglob("*.usearch"))


def test_the_readers_read_beside_the_page(monkeypatch):
    monkeypatch.setattr(working, "AT_ONCE", 0.1)
    go, first = threading.Event(), sense_cache.vectors

    def slow(*given):
        assert go.wait(60)
        return first(*given)

    monkeypatch.setattr(sense_cache, "vectors", slow)
    at = explore(AppTest.from_file(APP, default_timeout=200))
    for name, value in {**PAIR, "step": "sentences"}.items():
        at.query_params[name] = value
    at.switch_page("pages/13_Same_word.py")
    at.run()
    assert not at.exception
    assert "The same sentences, in every model" not in titles(at)
    assert any(b.label == "Cancel" for b in at.button)
    at.pills(key="w-Same word-set").set_value("light").run()  # another list: the first is waited for no more
    assert not at.exception
    go.set()
    finished(at)
    assert "The same sentences, in every model" in titles(at)


def test_the_headline_is_what_was_measured():
    scores = wordnet.scores()
    at = opened()
    best = max(max(m["word"]) for m in scores["models"].values())
    assert share(best) in html(at).replace("\u00a0", " ")
    assert f"{scores['word']['queries']:,} questions" in html(at)


def test_scores_of_other_weights_are_said_to_be_such(monkeypatch, mini_bert):
    first = sense_cache.reader
    other = PieceReader("bert", "BERT", mini_bert)
    other.__dict__["fingerprint"] = "of other weights"
    monkeypatch.setattr(sense_cache, "reader", lambda key, name: other if key == "bert" else first(key, name))
    assert "measured with other weights" in html(opened())


@pytest.mark.slow
@pytest.mark.parametrize("a", ["", "   ", "?!", "🙂", "<b>bank</b>", "שלום bank"])
def test_any_sentence_a(a):
    assert "Does the nearest neighbour mean the same?" in titles(opened(a=a))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "token"),
    [({}, "2"), ({"b": "Cold.", "swap": "1"}, "5"), ({"b": "Cold.", "sep": "removed", "swap": "1"}, "4")],
)
def test_the_chosen_sentence_becomes_sentence_a(change, token):
    """[CLS] Cold . [SEP] The bank ..., where B is read first."""
    at = opened(pick="9", **change)
    next(b for b in at.button if b.label == "Search WordNet from this sentence").click().run()
    assert not at.exception
    assert at.query_params["a"] == "The bank refused to lend him the money."
    assert at.query_params["token"] == token


@pytest.mark.parametrize("change", [{"token": "9"}, {"token": "0"}, {"token": "5"}, {"token": "1", "swap": "1"}])
def test_the_word_that_is_searched_for_is_the_one_marked(change):
    """Of a token of B, or of [CLS], the first word of A; 5 is "bank"."""
    at = opened(a="She walked to the bank.", b="It was cold, very cold.", **change)
    drawn = next(c for c in at.get("bidi_component") if c.proto.id.endswith("-search-token"))
    data = json.loads(drawn.proto.json)
    assert data["chosen"] == [4 if change["token"] == "5" else 0]


def test_the_page_says_who_has_read_wordnet_and_scores_what_none_has(mini_bert):
    at, measured = opened(), wordnet.scores()
    said = html(at).replace("\u00a0", " ")
    assert "mini-bert, mini-gpt, mini-elmo and word2vec read these sentences while they learned." in said
    assert "The same, on sentences that none of them has read" in [s.value for s in at.subheader]
    best = max(max(model["word"]) for model in measured["unread"]["models"].values())
    assert f"{measured['unread']['word']['queries']} questions about {measured['unread']['words']} words" in said
    assert share(best) in said
    assert any(trained.briefly() in m.value for m in at.markdown)
