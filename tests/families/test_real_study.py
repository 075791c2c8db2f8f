"""Which phrases of the real family are studied, what is left out, and the gold marks."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_runs import example_run

from itlim.errors import InputError
from itlim.families.real.study import (
    RANDOM_REMOVALS,
    read_phrases,
    removals,
    studied,
    write_cases,
    write_wrong,
)
from itlim.findings.known import gold_marks
from itlim.schema import LEAVE_OUT
from itlim.store.shipped import ship_runs


def phrase(number, judged="wrong", **changes):
    return {
        "instruction": f"Q{number}",
        "response": f"It is Ann {number}.",
        "quote": f"Ann {number}",
        "start": 6,
        "stop": 11,
        "new_names": [f"Ann {number}", "Ann"],
        "instance_id": f"real-{number}",
        "judged": judged,
    } | changes


def test_the_sample_has_wrong_phrases_only_and_depends_on_the_seed_alone():
    rows = [phrase(n, "right" if n % 5 == 0 else "wrong") for n in range(60)]
    chosen = studied(rows, 12)
    assert len(chosen) == 12
    assert all(row["judged"] == "wrong" for row in chosen)
    assert studied(rows, 12) == chosen
    assert studied(rows, 12, seed=1) != chosen
    assert len(studied(rows[:3], 12)) == 2


def test_each_source_is_left_out_once_with_random_others():
    chosen = [phrase(1), phrase(2, instance_id="real-1"), phrase(3)]
    ids = [f"real-{n}" for n in range(1, 30)]
    found = removals(chosen, ids)
    assert found[:2] == ["real-1", "real-3"]
    assert len(set(found)) == 2 + RANDOM_REMOVALS
    assert set(found) <= set(ids)


def test_cases_are_questions_with_the_words_of_their_answers(tmp_path):
    write_cases([phrase(1)], tmp_path / "cases.jsonl")
    line = json.loads((tmp_path / "cases.jsonl").read_text(encoding="utf-8"))
    assert line == {"instruction": "Q1", "quotes": ["Ann 1"]}


def test_a_phrase_without_a_judgment_is_an_error(tmp_path):
    rows = [phrase(1), phrase(2, "maybe")]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(InputError, match="line 2: `judged` is 'maybe'"):
        read_phrases(tmp_path / "p.jsonl")


def test_wrong_phrases_are_those_of_stored_answers_with_their_measured_causes(tmp_path):
    runs = [
        example_run(f"{n:016x}", pair="real-sft", instruction=f"Q{n}", response=f"It is Ann {n}.")
        for n in (1, 2, 3)
    ]
    ship_runs(runs, tmp_path / "runs")
    empty = dict.fromkeys(LEAVE_OUT.names)

    def removed(number, instance, drop, gone):
        texts = {"case_id": "c", "split": "t", "attribute": "span", "span_text": "x"}
        return empty | texts | {
            "seed": 0, "instruction": f"Q{number}", "response": f"It is Ann {number}.",
            "is_main": True, "span_start": 6, "span_stop": 11, "n_holders": 1,
            "instance_ids": [instance], "relation": "r", "logp_drop": drop,
            "phrase_gone": gone, "answer_changed": gone,
        }  # fmt: skip

    rows = [
        removed(1, "real-9", 1.0, True),
        removed(1, "real-1", 30.0, True),
        # The largest drop leaves the phrase where it is: no cause is known.
        removed(2, "real-2", 5.0, False),
        removed(2, "real-8", 0.5, True),
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=LEAVE_OUT), tmp_path / "l.parquet")
    phrases = [phrase(1), phrase(2), phrase(3, "right"), phrase(4)]
    out = tmp_path / "gold.parquet"
    assert write_wrong(phrases, tmp_path / "runs", tmp_path / "l.parquet", out) == 2
    found = gold_marks(out)
    assert {run: [one.cause for one in marks] for run, marks in found.items()} == {
        f"{1:016x}": ["real-1"],
        f"{2:016x}": [None],
    }
    assert write_wrong(phrases, tmp_path / "runs", tmp_path / "none", out) == 2
