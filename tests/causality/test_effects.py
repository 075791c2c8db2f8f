import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from itlim.causality.cases import Case
from itlim.causality.leave_out.effects import Effects
from itlim.causality.probes import Probe, Reading
from itlim.errors import InputError
from itlim.records import Prompt, TokenTexts
from itlim.schema import INSTANCES, LEAVE_OUT

RESPONSE = "By Jane Austen in 1817."
PIECES = ("By", " Jane", " Austen", " in", " 1817", ".")
ROWS = [
    ("Emma was written by Jane Austen.", "book"),
    ("It came out in 1817.", "event"),
    ("Frankenstein is a book by Mary Shelley.", "book"),
]


def texts(_ids):
    stops = np.cumsum([len(piece) for piece in PIECES]).tolist()
    return TokenTexts(
        texts=PIECES,
        char_starts=(0, *stops[:-1]),
        char_stops=tuple(stops),
        response=RESPONSE,
    )


SHELL = SimpleNamespace(token_texts=texts)
PROBE = Probe(prompt=Prompt(text="q", token_ids=(1,)), response_ids=(5, 6, 7, 8, 9, 10))
INSTANCE_TABLE = pa.Table.from_pylist(
    [
        {
            "instance_id": f"toy-{number}",
            "content_sha256": "",
            "dataset": "toy",
            "source_line": number,
            "instruction": "",
            "input": "",
            "response": response,
            "extra": json.dumps({"category": category}),
        }
        for number, (response, category) in enumerate(ROWS, start=1)
    ],
    schema=INSTANCES,
)


def case(attribute, phrase, truth, response=RESPONSE):
    start = response.index(phrase)
    return Case(
        case_id=f"0-q-{attribute}",
        seed=0,
        split="test",
        instruction="Who wrote Frankenstein?",
        category="book",
        response=response,
        span_start=start,
        span_stop=start + len(phrase),
        attribute=attribute,
        is_main=attribute == "answer",
        truth=truth,
        probe=0,
    )


CASES = (case("answer", "Jane Austen", "Mary Shelley"), case("year", "1817", "1818"))
FULL = Reading(logps=(np.array([-1, -0.5, -0.25, -2, -3, -4], np.float32),), answers=(None,))


def effects(cases=CASES):
    return Effects(cases, (PROBE,), FULL, SHELL, INSTANCE_TABLE)


def test_effects_match_a_hand_worked_example():
    retrained = Reading(
        logps=(np.array([-1, -3, -1.5, -2, -2.5, -9], np.float32),),
        answers=("By mary shelley in 1817.",),
    )
    rows = effects().of(frozenset({"toy-1"}), retrained).to_pylist()
    assert [row["relation"] for row in rows] == ["unique_verbatim", "same_category"]
    # (-0.5 - 0.25) - (-3 - 1.5) and -3 - (-2.5): only the tokens of the phrases count.
    assert [row["logp_drop"] for row in rows] == [3.75, -0.5]
    assert [row["phrase_gone"] for row in rows] == [True, False]
    assert [row["answer_changed"] for row in rows] == [True, True]
    assert [row["becomes_correct"] for row in rows] == [True, False]
    assert [row["instance_ids"] for row in rows] == [["toy-1"]] * 2
    assert [row["span_text"] for row in rows] == ["Jane Austen", "1817"]
    assert [row["n_holders"] for row in rows] == [1, 1]


def test_identical_readings_have_exactly_no_effect():
    same = Reading(logps=(FULL.logps[0].copy(),), answers=(None,))
    table = effects().of(frozenset({"toy-3", "toy-2"}), same)
    assert table.schema == LEAVE_OUT
    for row in table.to_pylist():
        assert row["logp_drop"] == 0.0
        flags = [row[name] for name in ("phrase_gone", "answer_changed", "becomes_correct")]
        assert flags == [False] * 3
        assert row["instance_ids"] == ["toy-2", "toy-3"]  # In dataset order.
    assert [row["relation"] for row in table.to_pylist()] == ["other", "verbatim"]


def test_an_answer_that_already_contained_the_truth_does_not_become_correct():
    stood = case("answer", "Jane Austen", "1817")
    changed = Reading(logps=FULL.logps, answers=("In 1817.",))
    (row,) = effects((stood,)).of(frozenset({"toy-1"}), changed).to_pylist()
    assert row["phrase_gone"]
    assert not row["becomes_correct"]


def test_without_a_known_truth_becoming_correct_is_unknown():
    (row,) = effects((case("answer", "Jane", None),)).of(frozenset({"toy-1"}), FULL).to_pylist()
    assert row["becomes_correct"] is None


def test_a_case_must_quote_its_probe():
    with pytest.raises(InputError, match="another response"):
        effects((case("answer", "Jane", None, response="By Jane."),))
