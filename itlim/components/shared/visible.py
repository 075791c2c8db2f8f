"""Make the invisible characters of a token visible, for tooltips and labels.

`assets/visible_text.js` does the same; `tests/components/test_javascript.py` compares the two.
"""

import re

# Controls, soft hyphen, bidirectional marks and overrides, zero-width characters, line and
# paragraph separators, interlinear marks, U+FFFD, private use, and the tag block, which can
# hide text. U+200C and U+200D are not included: Persian and joined emoji need them.
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb\ufffd\U000e0000-\U000e007f]"
)
_SPACES = {" ": "␣", "\u00a0": "⍽", "\n": "⏎", "\t": "⇥"}


def visible_text(text: str) -> str:
    """Write a token so that all of its characters are visible.

    >>> visible_text(" Nobel")
    '␣Nobel'
    >>> visible_text("a" + chr(0x202E) + chr(10))
    'a⟨202E⟩⏎'
    >>> visible_text("")
    '∅'
    """
    if not text:
        return "∅"
    spaced = "".join(_SPACES.get(character, character) for character in text)
    return INVISIBLE.sub(lambda match: f"⟨{ord(match.group()):04X}⟩", spaced)
