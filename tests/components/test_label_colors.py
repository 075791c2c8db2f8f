import pytest
from test_palette import contrast
from test_trace_colors import mixed

from itlim.components.marking.assets import ALERTS, LABEL_LAYERS, style_sheet, view_script
from itlim.components.palette import PALETTES, THEMES


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_where_two_marks_overlap_and_one_is_chosen(theme):
    palette = PALETTES[theme]
    for one in palette.layers:
        for other in palette.layers:
            ground = mixed(other, mixed(one, palette.background, 15), 15)
            assert contrast(mixed(other, ground, 16), palette.text) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_on_labels_and_texts_of_alerts_are_readable(theme):
    palette = PALETTES[theme]
    for layer in LABEL_LAYERS:
        assert contrast(palette.layers[layer], palette.background) >= 4.5
    alert = ALERTS[theme]
    assert contrast(alert["ground"], alert["ink"]) >= 7
    assert contrast(alert["line"], palette.background) >= 4.5
    assert contrast(alert["good"], palette.background) >= 4.5


def test_each_of_four_labels_has_its_own_layer():
    assert sorted(LABEL_LAYERS) == list(range(len(PALETTES["light"].layers)))
    assert all(f"--mv-label-{number}:" in style_sheet() for number in range(4))


def test_text_of_a_model_never_becomes_markup():
    assert "innerHTML" not in view_script()
    assert "insertAdjacentHTML" not in view_script()
