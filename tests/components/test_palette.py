import re
from itertools import pairwise

import pytest

from itlim.components.marking.layers import LINE_COLORS
from itlim.components.palette import PALETTES, THEMES, css_variables, theme_css
from itlim.schema import ShiftCategory


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_agrees_with_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_is_readable_on_its_background(theme):
    palette = PALETTES[theme]
    grounds = [(style.fill, style.ink) for style in palette.categories.values()]
    grounds += list(zip(palette.ramp, palette.ramp_ink, strict=True))
    grounds += [(palette.panel, palette.text), (palette.background, palette.muted)]
    grounds += [(palette.panel, palette.muted)]
    for fill, ink in grounds:
        ground = palette.background if fill == "transparent" else fill
        assert contrast(ground, ink) >= 4.5, (theme, ground, ink)


@pytest.mark.parametrize("theme", THEMES)
def test_every_mark_stands_out_from_the_page(theme):
    palette = PALETTES[theme]
    marks = [style.line for style in palette.categories.values()]
    marks += [palette.base, palette.tuned, palette.accent, *palette.layers]
    marks += LINE_COLORS[theme]
    for mark in marks:
        assert contrast(palette.background, mark) >= 3, (theme, mark)


@pytest.mark.parametrize("theme", THEMES)
def test_underlines_stand_out_from_their_own_token(theme):
    for category in (ShiftCategory.MARGINAL, ShiftCategory.SHIFTED):
        style = PALETTES[theme].categories[category]
        assert contrast(style.fill, style.line) >= 3, (theme, category)


@pytest.mark.parametrize("theme", THEMES)
def test_ramp_moves_away_from_the_page_step_by_step(theme):
    palette = PALETTES[theme]
    light = [luminance(palette.background), *(luminance(color) for color in palette.ramp[1:])]
    steps = [later - earlier for earlier, later in pairwise(light)]
    direction = -1 if theme == "light" else 1
    assert all(step * direction > 0.005 for step in steps), steps


def test_categories_differ_by_more_than_color():
    for palette in PALETTES.values():
        styles = palette.categories.values()
        assert len({style.underline for style in styles}) == 3
        assert len({style.symbol for style in styles}) == 3


def test_both_themes_define_the_same_variables():
    names = [re.findall(r"--tv-[\w-]+", css_variables(PALETTES[theme])) for theme in THEMES]
    assert names[0] == names[1]
    assert len(names[0]) == len(set(names[0]))


def test_style_sheet_uses_only_variables_that_the_palette_defines():
    from itlim.components.tokens import assets

    sheet = assets.style_sheet()
    given = set(re.findall(r"(--tv-[\w-]+):", theme_css("tv"))) | {"--tv-height"}
    assert set(re.findall(r"var\((--tv-[\w-]+)", sheet)) <= given
