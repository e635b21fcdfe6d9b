"""The drawing of the Transformer: what each half keeps, that nothing overlaps; the bars of the sizes."""

from itertools import combinations

import numpy as np
import pytest

from bert_explain.chapters.transformer import analysis as sizes
from bert_explain.chapters.transformer import figures as figures
from bert_explain.content import transformer as content
from bert_explain.content import words
from bert_explain.figures import theme


def states(half):
    return {box["name"]: box["state"] for box in figures.drawing(half)["boxes"]}


def test_each_half_is_lit():
    assert set(states("whole").values()) == {"lit"}
    gpt, bert = states("gpt"), states("bert")
    assert {name for name, s in gpt.items() if s == "out"} == {"cross_attention", "norm_4"}
    assert gpt["masked_attention"] == gpt["softmax"] == "lit"
    assert gpt["self_attention"] == "dim"
    assert {name for name, s in bert.items() if s == "lit"} == {
        "input",
        "embedding",
        "positions",
        "self_attention",
        "norm_1",
        "feed_forward",
        "norm_2",
    }


@pytest.mark.parametrize("half", list(content.halves()))
def test_boxes_stand_apart_and_inside(half):
    drawn = figures.drawing(half)
    for box in drawn["boxes"]:
        assert box["x"] >= 0
        assert box["x"] + box["w"] <= drawn["width"]
        assert box["y"] >= 0
        assert box["y"] + box["h"] <= drawn["height"]
    for a, b in combinations(drawn["boxes"], 2):
        assert a["x"] + a["w"] < b["x"] or b["x"] + b["w"] < a["x"] or a["y"] + a["h"] < b["y"] or b["y"] + b["h"] < a["y"]


def test_every_kind_is_told_and_drawn():
    assert set(figures.KINDS) == set(content.boxes())
    assert all(box.says.endswith(".") and box.text.endswith(".") for box in content.boxes().values())
    assert len(figures.table()) == len(figures.BOXES)
    assert words.depth("transformer", "count").formulas
    assert words.depth("transformer", "conventions").text


def test_bars_add_up_to_the_models():
    shares = sizes.by_group(sizes.SIZES)
    figure = figures.bars(shares, theme.LIGHT, "parameters")
    sums = np.sum([trace.x for trace in figure.data], axis=0)
    assert dict(zip(figure.data[0].y, sums, strict=True)) == {name: sizes.total(s) for name, s in sizes.SIZES.items()}
    assert np.sum([trace.x for trace in figures.bars(shares, theme.DARK, "share").data], axis=0) == pytest.approx(1)
