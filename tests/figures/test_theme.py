"""Colours: readable on their backgrounds, in both themes, and told apart by people who see fewer colours."""

from dataclasses import fields

import pytest

from bert_explain.figures import theme

ROLES = [f.name for f in fields(theme.Palette) if f.name not in ("background", "card", "line")]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_hand():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_role_is_readable(name, role):
    p = theme.palette(name)
    assert min(contrast(getattr(p, role), back) for back in (p.background, p.card)) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_roles_that_meet_in_one_picture_differ(name):
    p = theme.palette(name)
    together = [
        ("token", "segment_a", "segment_b", "position"),
        ("query", "key", "value"),
        ("segment_a", "segment_b", "special"),
        ("positive", "negative"),
    ]
    for group in together:
        colours = [getattr(p, role) for role in group]
        assert len(set(colours)) == len(colours)


def test_css_names_every_role_in_both_themes():
    css = theme.css_variables()
    assert f"--be-segment-a:light-dark({theme.LIGHT.segment_a},{theme.DARK.segment_a});" in css
    assert css.count("--be-") == len(fields(theme.Palette))


def test_unknown_theme_is_light():
    assert theme.palette(None) is theme.LIGHT
    assert theme.palette("dark") is theme.DARK
