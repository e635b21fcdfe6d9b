"""What numbers are called: a lead needs a margin, and no percentage rounds to none or all."""

import re

import numpy as np
import pytest

from bert_explain.kernel import readings
from bert_explain.kernel.folding import fold
from tests.conftest import ROOT


def test_a_lead_needs_another_and_a_margin():
    assert readings.best([3.0, 1.0, 2.0]).leads
    assert readings.best([3.0, 1.0, 2.0]).second == 2.0
    assert not readings.best([0.333, 0.333, 0.334]).leads
    assert readings.best([0.333, 0.333, 0.334]).level == 3
    assert not readings.best([2.0]).leads
    assert not readings.best([0.0, 0.0]).leads
    assert readings.best([5.0, 1.0, 4.0], lowest=True).index == 1
    assert not readings.best([0.010, 0.012], least=0.01).leads


def test_what_is_no_number_never_leads():
    assert readings.best([np.nan, 1.0, 3.0]).index == 2
    with pytest.raises(ValueError, match="no number"):
        readings.best([np.nan])


@pytest.mark.parametrize(
    ("value", "percent", "share", "tenths"),
    [
        (0.99951, "over 99.9 %", "over 99 %", "> 99.9 %"),
        (1.0, "100 %", "100 %", "100.0 %"),
        (0.0, "under 0.001 %", "0 %", "0.0 %"),
        (0.0004, "0.04 %", "under 1 %", "< 0.1 %"),
        (0.831, "83.1 %", "83 %", "83.1 %"),
        (float("nan"), "–", "–", "–"),
    ],
)
def test_percentages(value, percent, share, tenths):
    assert (readings.percent(value), readings.share(value), readings.tenths(value)) == (percent, share, tenths)


def test_signs():
    assert readings.share(-0.123) == "−12 %"
    assert readings.signed(-0.001) == "0.00"
    assert readings.signed(-1.25) == "−1.25"
    assert [readings.listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_a_fold_keeps_both_ends_and_what_is_wanted():
    found = fold(73, 48)
    assert found.places == (*range(24), *range(49, 73))
    assert found.row[24] == "… 25 …"
    assert found.said() == "Drawn: 48 of 73 tokens, both ends; 24 to 48 are left out."
    assert fold(5, 8).places == (0, 1, 2, 3, 4)
    assert fold(5, 8).said() == ""
    wanted = fold(500, 40, keep=[250])
    assert len(wanted.places) == 40
    assert {0, 499, 249, 250, 251} <= set(wanted.places)
    assert len(wanted.gaps) == 2


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 64, 600])
@pytest.mark.parametrize("keep", [(), (0,), (5,), (700, 3), tuple(range(40))])
def test_every_fold_fits_and_counts(count, keep):
    found = fold(count, 10, keep)
    assert len(found.places) == min(count, 10)
    assert list(found.places) == sorted(set(found.places))
    assert found.left_out == sum(b - a + 1 for a, b in found.gaps)


RULE = {"effect": 0.1, "margin": 0.05, "cases": 8, "least_cases": 6}


@pytest.mark.parametrize(
    ("values", "kind", "level"),
    [
        ([0.5, 0.2, float("nan")], "one", (0,)),
        ([0.5, 0.47, 0.2], "level", (0, 1)),
        ([0.5, 0.5], "level", (0, 1)),
        ([0.09, -0.3], "none", ()),
        ([0.0, 0.0], "none", ()),
        ([0.3], "one", (0,)),
        ([float("nan")], "none", ()),
        ([], "none", ()),
    ],
)
def test_who_is_best(values, kind, level):
    found = readings.leader(values, **RULE)
    assert (found.kind, found.level) == (kind, level)
    assert found.index == (0 if kind == "one" else None)


def test_nobody_is_best_over_too_few_cases_or_by_chance():
    assert readings.leader([0.9, 0.1], **{**RULE, "cases": 5}).kind == "few"
    assert readings.leader([0.9, 0.1], nothing=0.85, **RULE).kind == "none"


def test_no_other_place_writes_a_share_in_percent():
    written = re.compile(r"(?<![%{])\{[^{}\n]*:\.\d%\}")  # "%{x:.1%}" is plotly's own
    for path in (ROOT / "bert_explain").rglob("*.py"):
        if "training" not in path.parts:
            assert not written.search(path.read_text(encoding="utf-8")), path.name
