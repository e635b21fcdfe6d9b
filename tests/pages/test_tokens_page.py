"""The Tokens page, as Streamlit runs it: what it says of a text, the steps, the search, bad input, other models."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.models import registry
from tests.tiny import tiny_bert
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
RARE = {"a": "The naïve café owner served unaffable ichthyologists.", "b": "It was fine."}


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page("pages/2_Tokens.py")
    at.run()
    assert not at.exception
    return at


def looks(at: AppTest) -> list[str]:
    """What the pictures say to look for, as HTML."""
    return [e.proto.body for e in at.get("html") if 'class="look"' in e.proto.body]


def card(at: AppTest, key: str) -> str:
    """What one picture says to look for."""
    at_ = [s.value for s in at.subheader].index({"pieces": "Your text as tokens", "look-ups": "How one word is cut"}[key])
    return looks(at)[at_]


def said(at: AppTest) -> str:
    return " ".join([*looks(at), *(c.value for c in at.caption), *(t.value for t in at.text)])


def frame_with(at: AppTest, column: str):
    """The table that has this column."""
    return next(f.value for f in at.dataframe if column in f.value.columns)


def click(at: AppTest, words: str) -> AppTest:
    next(b for b in at.button if b.label == words).click().run()
    assert not at.exception
    return at


def test_it_tells_this_text():
    at = opened(**RARE)
    page = said(at)
    table = frame_with(at, "attention mask")
    assert "unaffable</b>: it is cut into 3 pieces" in card(at, "pieces")
    alone = 2 + (table["sentence"] == "A").sum()
    assert f"A alone has {alone} tokens, A and B has {len(table)}" in page
    assert table["piece"].tolist()[:5] == ["[CLS]", "the", "naive", "cafe", "owner"]
    assert table["id"].tolist()[:2] == [101, 1996]
    assert "8 pieces begin with" in page


def test_the_look_ups_step_forward_and_back_and_stand_in_the_address():
    at = opened(a="An unaffable cat.", b="", token="2")
    assert "Look-up 12 of 12" in said(at)
    click(at, "Start over")
    assert "First question" in said(at)
    assert at.query_params["lookup"] == "0"
    click(at, "Next")
    assert "Look-up 1 of 12" in said(at)
    assert at.query_params["lookup"] == "1"
    click(at, "Next piece")
    assert "Look-up 7 of 12" in said(at)
    assert "row 14,477" in said(at)
    click(at, "Back")
    assert "Look-up 6 of 12" in said(at)
    click(at, "To the end")
    assert "12 look-ups made 3 pieces" in said(at)
    assert "lookup" not in at.query_params


def test_a_link_reopens_a_step():
    at = opened(a="An unaffable cat.", b="", token="2", step="8")
    assert "Look-up 8 of 12" in said(at)
    assert "##ffable" in card(at, "look-ups")


def test_a_step_beyond_the_word_is_its_end():
    assert "Look-up 1 of 1" in said(opened(a="cat", b="", token="1", step="500"))


@pytest.mark.parametrize("step", ["-1", "x", "99999", "1.5"])
def test_a_broken_step_is_left_out(step):
    at = opened(a="An unaffable cat.", b="", token="2", lookup=step)
    assert "Look-up 12 of 12" in said(at)
    assert "lookup" not in at.query_params


def test_any_other_word():
    at = opened(a="cat", b="")
    click(at, "Try “unforgettably”")
    assert "Look-up 1 of 32" in said(at)
    assert at.query_params["word"] == "unforgettably"
    next(t for t in at.text_input if t.label == "Any other word").set_value("Naïve dogs").run()
    assert not at.exception
    assert "Only the first word" in said(at)
    assert "naive" in card(at, "look-ups")
    next(t for t in at.text_input if t.label == "Any other word").set_value("\u200b").run()
    assert "nothing is left of it" in said(at)


def test_special_tokens_are_not_cut():
    assert "[CLS] is a special token" in said(opened(a="cat", b="", token="0"))
    assert "[MASK] is a special token" in said(opened(a="a [MASK] cat", b="", token="2"))


def test_normalisation_is_shown():
    at = opened(a="Café\u200b", b="")
    assert "3 of 5 characters change" in said(at)
    assert "ZERO WIDTH SPACE" in said(at)
    assert "This model makes capitals small and removes accents" in said(at)


def test_unknown_characters():
    at = opened(a="unaff👩able", b="")
    found = frame_with(at, "code point")
    assert found[["character", "code point", "Unicode name", "found before"]].values.tolist() == [
        ["👩", "U+1F469", "WOMAN", "una ##ff"]
    ]


def test_the_vocabulary_is_searched():
    at = opened(a="cat", b="", find="##ab", how="contains")
    found = frame_with(at, "place")
    assert found["piece"].str.startswith("##").all()
    assert found["piece"].str.contains("ab").all()
    next(t for t in at.text_input if t.label == "Find").set_value("Bänk").run()
    assert at.query_params["find"] == "Bänk"
    assert "bank" in frame_with(at, "place")["piece"].tolist()
    at.checkbox[0].set_value(True).run()
    assert frame_with(at, "place")["piece"].tolist() == ["##bank"]
    next(t for t in at.text_input if t.label == "Find").set_value("").run()
    assert len(frame_with(at, "place")) == 100
    assert "5,728 more" in said(at)
    assert not at.exception


def test_what_was_cut_off_is_listed():
    at = opened(a="hello " * 400 + "unaffable " * 60, b="")
    lost = frame_with(at, "dropped")
    assert lost["dropped"].sum() == 400 + 3 * 60 - 510
    assert f"{lost['dropped'].sum():,} tokens did not fit" in said(at)


BAD = [
    ("", ""),
    ("   ", ""),
    ("?!... --", "…"),
    ("word " * 2000, "b " * 300),
    ("😀🎉 🧑\u200d🚀", "👍🏽"),
    ("مرحبا بالعالم", "שלום abc"),
    ("a\x00b\u200b\x1b[31m\u202ec", "\ufeff"),
    ("<script>alert(1)</script>", "![x](http://x.invalid/a.png)"),
    ("`` ` $x$ :red[a] **b**", "{0} {a} %s"),
    ("[MASK] [SEP] [CLS] [PAD]", "[UNK]"),
    ("a" * 5000, "q" * 100),
]


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), BAD)
def test_bad_text_keeps_every_part_alive(a, b):
    at = opened(a=a, b=b, word="<b>{x}", find="$*[")
    assert at.title[0].value == "Tokens"
    titles = [s.value for s in at.subheader]
    assert titles == [
        "Cut a word",
        "Before the cut, the text is cleaned",
        "Your text as tokens",
        "How one word is cut",
        "Unknown characters",
        "What the model is told",
        "The attention mask",
        "Why pieces, and not words or letters",
        "Search the vocabulary",
    ]
    assert all("<script" not in body and "<b>{x}" not in body for body in looks(at))


@pytest.mark.parametrize("kind", ["distilbert", "bare", "no segments"])
def test_models_that_lack_something(kind, monkeypatch):
    """A vocabulary of twelve pieces, without accents, single letters or unused rows; and no segments."""
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)
    at = opened(a="The banks, cold.", b="the river", model=kind)
    table = frame_with(at, "attention mask")
    assert ("segment" in table.columns) == (kind == "bare")
    assert table["piece"].tolist()[:5] == ["[CLS]", "the", "bank", "##s", "[UNK]"]
    assert "list of 12" in at.markdown[0].value


@pytest.mark.parametrize(
    ("count", "said"), [(511, "1 token of sentence A was cut off"), (512, "2 tokens of sentence A were cut off")]
)
def test_what_was_cut_off_is_counted(count, said):
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["a"], at.query_params["b"] = "a " * count, ""
    at.switch_page("pages/2_Tokens.py")
    at.run()
    assert not at.exception
    assert said in " ".join(e.proto.body for e in at.get("html"))
