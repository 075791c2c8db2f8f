import unicodedata

import pytest

from itlim.components.shared.visible import INVISIBLE, visible_text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", "∅"),
        (" Nobel", "␣Nobel"),
        ("\n\n", "⏎⏎"),
        ("a\tb", "a⇥b"),
        ("\u00a0", "⍽"),
        ("\x00", "⟨0000⟩"),
        ("x\u202ey", "x⟨202E⟩y"),
        ("\r\n", "⟨000D⟩⏎"),
        ("\U000e0041", "⟨E0041⟩"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
    ],
)
def test_invisible_characters_are_written_as_codes(text, seen):
    assert visible_text(text) == seen


def test_every_control_and_bidirectional_mark_is_invisible():
    for code in range(0x110000):
        character = chr(code)
        control = unicodedata.category(character) == "Cc" and character not in "\n\t"
        reorders = unicodedata.bidirectional(character) in {
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        }  # fmt: skip
        if control or reorders:
            assert INVISIBLE.search(character), f"U+{code:04X}"


def test_letters_of_every_script_are_kept():
    for character in "aß日م한ñяΩ😀🇫":
        assert visible_text(character) == character
