"""Everything that a parameter takes from an address gives a page: alone, in pairs, and many at once."""

import json
import random
import re
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bert_explain import chapters
from bert_explain.chapters.next_sentence.draw_sentence_pairs import PAIRS
from bert_explain.tokenize import tokenize
from bert_explain.ui import limits, params, stages
from bert_explain.ui.packed import Packed
from tests.thorough import THOROUGH, part
from tests.tiny import WORDS, tiny_bert
from tests.whole import whole

ROOT = Path(__file__).resolve().parents[2]
PAGES = {stage.name: stage for stage in stages.STAGES}
OWN = {name: chapters.load(stage.chapter).params for name, stage in PAGES.items()}
EVERY = {**{f"every {name}": p for name, p in params.GLOBAL.items()}, **{f"{n} {p.name}": p for n in OWN for p in OWN[n]}}

NUMBER = st.one_of(st.integers(0, 40), st.integers(0, 999_999_999), st.sampled_from([15, 16, 30521, 30522, 30525]))
TEXT = st.one_of(
    st.text(max_size=80),
    st.text("\ud800\udfffa [MASK]", max_size=12),
    st.sampled_from(["", "[CLS] [SEP] [MASK] [UNK]", "bank " * 600, "\x00\x1f\x7f", "שלום עולם", "👩‍👩‍👧 é", "<b>$x$</b>"]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=8,
)
ROWS = st.lists(st.tuples(TEXT, TEXT, st.sampled_from([True, False, None])), max_size=4)


def packed(plain) -> str:
    """As a link writes it; JSON writes half a character as an escape."""
    return urlsafe_b64encode(zlib.compress(json.dumps(plain).encode(), 9)).decode()


def texts(param: params.Param) -> st.SearchStrategy[str]:
    """What an address may say of it: what it means, and what it does not."""
    pairs = st.lists(st.tuples(NUMBER, NUMBER).map(lambda p: f"{p[0]}.{p[1]}"), min_size=1, max_size=4)
    kinds = {
        params.Number: st.integers(getattr(param, "low", 0), getattr(param, "high", 0)).map(str),
        params.Choice: st.sampled_from(getattr(param, "options", ()) or ("",)),
        params.Flag: st.sampled_from("01"),
        params.Positions: st.lists(NUMBER, min_size=1, max_size=5).map(lambda n: ",".join(map(str, n))),
        params.Pairs: pairs.map(",".join),
        Packed: st.one_of(JSON, TEXT, ROWS).map(packed),
    }
    meant = next((known for kind, known in kinds.items() if isinstance(param, kind)), TEXT)
    return st.one_of(meant, meant, TEXT)


def accepted(param: params.Param, text: str) -> tuple:
    """(its value,), or () where the link would be said to be wrong."""
    try:
        return (param.parse(text),)
    except ValueError:
        return ()


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=60 if THOROUGH else 20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_taken_can_be_written_and_holds_no_half_character(name, data):
    param = EVERY[name]
    for value in accepted(param, data.draw(texts(param))):
        assert param.parse(param.show(value)) == value
        assert not re.search(r"(?<!\\)\\ud[89a-f]", repr(value))


@pytest.mark.parametrize("kind", ["full", "longer table", "no mask"])
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_two_parameters_give_a_query_that_the_model_reads(monkeypatch, kind, data):
    """In `put` one position named twice was a traceback on every page, and a row without a name still is no piece."""
    model = tiny_bert(vocab_size=len(WORDS) + 4) if kind == "longer table" else tiny_bert()
    if kind == "no mask":
        spec = replace(model.spec, special=replace(model.spec.special, mask=None))
        model = SimpleNamespace(spec=spec, wordpiece=model.wordpiece, vocab_size=model.vocab_size, n_layers=2, n_heads=2)
    values = {name: p.default for name, p in params.GLOBAL.items()}
    for name in data.draw(st.lists(st.sampled_from(sorted(values)), min_size=2, max_size=2)):
        for value in accepted(params.GLOBAL[name], data.draw(texts(params.GLOBAL[name]))):
            values[name] = value
    monkeypatch.setattr(limits.state, "get", values.get)
    query = limits.query(model)
    tokens, _ = tokenize(model, query)
    assert len(tokens) <= model.spec.max_tokens
    assert all(row < len(WORDS) for _, row in query.replaced)
    assert not (kind == "no mask" and query.masked)


@pytest.mark.parametrize("text", ["3.100,3.200", "3.1,4.2,3.9"])
def test_two_values_for_one_position_are_refused(text):
    assert not accepted(params.GLOBAL["put"], text)
    assert accepted(params.GLOBAL["off"], text)  # two heads of one layer


@pytest.mark.parametrize("row", [["a\ud800", "b", None], ["a", "\udfff", True]])
def test_half_a_character_in_a_table_is_refused(row):
    assert not accepted(PAIRS, packed([row]))
    assert accepted(PAIRS, packed([["a", "👩", None]]))


def opened(page: str, address: dict[str, str]) -> AppTest:
    at = whole(AppTest.from_file(str(ROOT / "app.py"), default_timeout=200))
    for name, value in address.items():
        at.query_params[name] = value
    if PAGES[page].path:
        at.switch_page(PAGES[page].file)
    return at.run()


def addresses(page: str) -> dict[str, dict[str, str]]:
    """The lowest values, the highest, and some drawn ones, of all that a page reads."""
    draw = random.Random(page)
    every = [p for p in (*params.GLOBAL.values(), *OWN[page]) if p.name not in ("model", "mode", "step", "z")]
    found: dict[str, dict[str, str]] = {"lowest": {}, "highest": {}, "drawn": {}}
    for param in every:
        some = ["", "[SEP] [MASK] $x$ <b> 👩‍👩‍👧"]
        match param:
            case params.Number():
                some = [str(param.low), str(param.high), str(draw.randint(param.low, param.high))]
            case params.Choice():
                some = [param.options[0], param.options[-1], draw.choice(param.options)]
            case params.Flag():
                some = ["0", "1", draw.choice("01")]
            case params.Positions():
                some = ["0", "2,999999999", f"{draw.randint(1, 6)}"]
            case params.Pairs():
                some = ["0.0", "1.1,2.1,999999999.999999999", f"{draw.randint(1, 6)}.{draw.randint(1, 30_600)}"]
            case Packed():
                some = [packed(""), packed([["[SEP]", "👩 $x$", None]] if param is PAIRS else "x [SEP]\n👩 | $x$"), packed(" ")]
        for name, text in zip(found, [*some, some[-1]], strict=False):
            if accepted(param, text):
                found[name][param.name] = text
    found["drawn"] |= {"a": "The bank by the river is old.", "b": "The bank was closed."}
    return found


ENDS = ["lowest", "highest", "drawn"]
CASES = [(page, which) for number, page in enumerate(PAGES) for which in part(ENDS, number % 3, 3)]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "which"), CASES)
def test_every_page_stands(page, which):
    at = opened(page, addresses(page)[which])
    assert [e.message for e in at.exception] == []
    assert [b.label for b in at.text_input][:2] == ["Sentence A", "Sentence B"]


@pytest.mark.parametrize("page", ["Tokens", "Attention", "Masked words"])
def test_two_values_for_one_position_give_a_page_and_a_sentence(page):
    at = opened(page, {"put": "3.100,3.200", "a": "my own words"})
    assert [e.message for e in at.exception] == []
    assert "The link says put=3.100,3.200, which is not possible here" in " ".join(h.proto.body for h in at.get("html"))
    assert at.text_input[0].value == "my own words"
