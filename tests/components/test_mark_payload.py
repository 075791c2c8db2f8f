import json

import pytest

from itlim.components.marking.payload import Suggestion, mark_payload
from itlim.errors import InputError
from itlim.records import DEFAULT_LABELS, Label, Mark, MarkOrigin

TEXT = "🐶 café ok"
MARK = Mark(id="m", start=2, stop=6, quote="café", label="not_factual", origin=MarkOrigin.IMPORTED)


def payload(**changes: object) -> dict:
    return mark_payload(**{"doc": "d", "text": TEXT, "labels": DEFAULT_LABELS, **changes})


def test_the_payload_is_json_and_offsets_stay_code_points():
    packed = payload(marks=[MARK], tokens=[(0, 1), (1, 1), (1, 6), (6, 9)], version=7)
    packed = json.loads(json.dumps(packed))
    assert packed["marks"][0]["origin"] == "imported"
    assert (packed["marks"][0]["start"], packed["marks"][0]["stop"]) == (2, 6)
    assert packed["words"] == [[0, 1], [2, 6], [7, 9]]
    assert packed["tokens"] == [[0, 1], [1, 6], [6, 9]]  # the empty one cannot be marked
    assert packed["version"] == 7


def test_a_payload_contains_nothing_about_models_or_shift():
    assert set(payload()) == {
        *("doc", "text", "words", "tokens", "labels", "marks", "suggestions", "version", "acked"),
        *(
            "saved_at",
            "error",
            "conflict",
            "can_undo",
            "can_redo",
            "read_only",
            "page_keys",
            "flag",
        ),
    }


def test_equal_sheets_give_equal_payloads():
    # Streamlit sends equal data as a hash.
    assert payload(marks=[MARK], acked=("e1",)) == payload(marks=[MARK], acked=["e1"])


def test_an_empty_response_can_be_shown():
    assert payload(text="")["words"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"doc": ""},
        {"text": "half \ud83d a pair"},
        {"labels": []},
        {"labels": [Label(name="a", title="A"), Label(name="a", title="B")]},
        {"marks": [MARK, MARK]},
        {"marks": [Mark(id="m", start=2, stop=6, quote="cafe", label="a")]},
        {"marks": [Mark(id="m", start=2, stop=20, quote="café ok", label="a")]},
        {"marks": [Mark(id="", start=2, stop=6, quote="café", label="a")]},
        {"suggestions": [Suggestion(id="s", start=4, stop=4)]},
        {"marks": [MARK], "suggestions": [Suggestion(id="m", start=0, stop=1)]},
        {"tokens": [(0, 3), (2, 5)]},
        {"tokens": [(0, 99)]},
        {"tokens": [(3, 2)]},
    ],
)
def test_marks_that_do_not_fit_the_text_are_rejected(changes):
    with pytest.raises(InputError):
        payload(**changes)
