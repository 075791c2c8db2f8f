import pytest
from test_palette import contrast

from itlim.components.palette import PALETTES, THEMES
from itlim.components.trace.assets import STRENGTH_MIX, style_sheet

LIT_MIX = 51


def mixed(hue: str, ground: str, percent: float) -> str:
    """CSS color-mix(in srgb, hue percent, ground)."""
    pairs = [(int(hue[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(
        f"{round(a * percent / 100 + b * (1 - percent / 100)):02x}" for a, b in pairs
    )


def test_mixing_agrees_with_a_known_value():
    assert mixed("#000000", "#ffffff", 50) == "#808080"


@pytest.mark.parametrize("theme", THEMES)
def test_text_stays_readable_on_every_run(theme):
    palette = PALETTES[theme]
    assert f"{LIT_MIX}%" in style_sheet()
    for hue in palette.layers:
        for percent in (*STRENGTH_MIX, LIT_MIX):
            ground = mixed(hue, palette.background, percent)
            assert contrast(ground, palette.text) >= 4.5, (theme, hue, percent)


def test_stronger_runs_have_deeper_colors():
    assert list(STRENGTH_MIX) == sorted(set(STRENGTH_MIX))
    for number, mix in enumerate(STRENGTH_MIX, start=1):
        assert f"--tr-mix-{number}: {mix}%;" in style_sheet()
