"""bertviz's two views: nothing from the network, no token can leave its string, the right weights."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bert_explain.chapters.attention import bertviz_views as views
from bert_explain.figures import theme
from bert_explain.query import Query
from bert_explain.trace import run

HOSTILE = [
    "</script><script>window.ran=1</script>",
    "<!--<script>",
    "]]>",
    "\u2028\u2029",
    '"});window.ran=1;//',
    "\\",
    "\\ufdd0",
    "'`${window.ran=1}",
    "&lt;",
    "\u202eevil",
    "\ufdd0",
    "\x00\x1b",
    "שלום",
    "👩\u200d👧",
    "PYTHON_PARAMS",
    "Ġa▁b</w>",
]


@pytest.fixture(scope="module")
def bank(mini_bert):
    return run(mini_bert, Query("She walked to the bank of the river.", "The water was cold and clear."))


def with_tokens(trace, texts):
    """The trace with other texts on its first ordinary tokens."""
    tokens = list(trace.tokens)
    places = [t.position for t in tokens if not t.special][: len(texts)]
    for place, text in zip(places, texts, strict=False):
        tokens[place] = replace(tokens[place], text=text)
    return replace(trace, tokens=tuple(tokens))


def params(html):
    """What bertviz's script is given."""
    return json.loads(re.search(r"const params = (\{.*?\}); // HACK", html, re.S).group(1))


@pytest.mark.parametrize("view", ["head", "model"])
def test_nothing_comes_from_another_host(bank, view):
    html = views.document(view, bank, theme.LIGHT, "/base/app/static/")
    assert not re.findall(r"""["'](?:https?:)?//""", html)  # an address in a string; comments may name one
    for script in ("require.js", "d3.min", "jquery.min"):
        assert f"/base/app/static/{script}" in html


@pytest.mark.parametrize("view", ["head", "model"])
def test_no_token_leaves_its_string(bank, view):
    html = views.document(view, with_tokens(bank, HOSTILE), theme.DARK, "/app/static/")
    assert html.count("<script") == 2  # bertviz's own: the loader, and the view
    assert html.count("</script") == 2
    assert "<!--" not in html
    assert html.isascii() or not set("\u2028\u2029\u202e\x00") & set(html)
    shown = params(html)["attention"][0]["left_text"]
    assert shown[1:9] == [
        "</script><script>window.ran=1</script>",
        "<!--<script>",
        "]]>",
        "\ufffd\ufffd",
        '"});window.ran=1;//',
        "\\",
        "\\u003c",
        "'`${window.ran=1}",
    ]


def test_ordinary_tokens_are_shown_as_they_are(bank):
    texts = ["a<b>&c", "שלום", "👩\u200d👧", "PYTHON_PARAMS", "Ġa▁b</w>", "it's", 'say "so"']
    shown = params(views.document("head", with_tokens(bank, texts), theme.LIGHT, "/"))["attention"][0]["left_text"]
    assert shown[1:8] == texts


def test_the_weights_are_the_models(bank):
    all_tokens, within_a, within_b, a_to_b, b_to_a = params(views.document("model", bank, theme.LIGHT, "/"))["attention"]
    np.testing.assert_allclose(all_tokens["attn"], bank.attention, atol=5.1e-4)
    assert np.shape(within_a["attn"]) == (6, 12, 11, 11)
    assert b_to_a["left_text"] == within_b["left_text"] == bank.pieces[11:]
    np.testing.assert_allclose(a_to_b["attn"], bank.attention[:, :, :11, 11:], atol=5.1e-4)


def test_weights_are_short(bank):
    html = views.document("model", bank, theme.LIGHT, "/")
    assert max(map(len, re.findall(r"0\.\d+", html))) <= 5


def test_the_head_view_opens_with_the_chosen_head(bank):
    given = params(views.document("head", bank, theme.LIGHT, "/", layer=2, head=7))
    assert (given["layer"], given["heads"]) == (2, [7])
    assert params(views.document("head", bank, theme.LIGHT, "/", layer=2))["heads"] is None


@pytest.mark.parametrize(
    ("a", "b"), [("", ""), ("one", ""), ("", "two"), ("a " * 500, ""), ("a " * 300, "b " * 3), ("a " * 9, "b " * 400)]
)
def test_long_and_empty_texts(mini_bert, a, b):
    trace = run(mini_bert, Query(a, b))
    for view, most in views.MOST.items():
        places = views.kept(trace, most)
        assert len(places) == min(most, len(trace.tokens))
        assert len(set(places)) == len(places)
        assert {t.position for t in trace.tokens if t.special} <= set(places)
        sides = {trace.tokens[i].sentence for i in places} - {None}
        assert sides == {t.sentence for t in trace.tokens} - {None}
        parts = params(views.document(view, trace, theme.LIGHT, "/"))["attention"]
        assert len(parts) == (5 if b else 1)  # as bertviz does for two segments, though the first be empty
        assert parts[0]["left_text"] == [trace.pieces[i] for i in places]
        assert 100 < views.height(view, trace) < 3000


def test_a_swapped_pair_is_cut_at_its_second_sentence(mini_bert):
    trace = run(mini_bert, Query("one two", "three", swapped=True))
    parts = params(views.document("head", trace, theme.LIGHT, "/"))["attention"]
    assert parts[1]["left_text"] == ["[CLS]", "three", "[SEP]"]


def test_the_themes_colours_are_used(bank):
    dark = views.document("model", bank, theme.DARK, "/")
    assert theme.DARK.card in dark
    assert theme.DARK.ink in dark
    assert theme.LIGHT.ink not in dark
