"""A stored run replays without torch."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from shift_tables import made_up_shifts, made_up_table

from itlim.errors import InputError, NotFoundError, ShapeError
from itlim.models.recorded import RecordedRun
from itlim.records import Run, Thresholds


def recorded(**changes):
    shifts = made_up_shifts(4, token_ids=[5, 6, 7, 0])
    tokens = made_up_table(shifts, texts=["The", " Nile", ".", ""])
    fields = {
        "run_id": "run",
        "created_at": datetime(2024, 5, 1, tzinfo=UTC),
        "pair": "demo",
        "base_model": "b",
        "base_hash": "1",
        "tuned_model": "t",
        "tuned_hash": "2",
        "tuning": "full",
        "dtype": "float32",
        "template": "plain",
        "instruction": "Name a river.",
        "input": "",
        "prompt": "Question: Name a river.\nAnswer:",
        "prompt_token_ids": [8, 9],
        "response": "The Nile.",
        "decoding": "greedy",
        "max_new_tokens": 8,
        "finish_reason": "end_of_sequence",
        "marginal_above": 2,
        "shifted_above": 4,
        "top_k": 3,
        "origin": "demo",
        "itlim_version": "0",
        "tokens": tokens,
    }
    return Run(**(fields | changes))


def test_the_answer_and_its_texts_are_the_recorded_ones():
    replay = RecordedRun(recorded())
    assert replay.generation.token_ids == (5, 6, 7, 0)
    assert replay.generation.finish_reason == "end_of_sequence"
    assert replay.prompt.token_ids == (8, 9)
    assert replay.thresholds == Thresholds(marginal_above=2, shifted_above=4)
    texts = replay.token_texts([5, 6])
    assert texts.texts == ("The", " Nile")
    assert texts.response == "The Nile"
    assert replay.render("Name a river.") == replay.prompt


def test_steps_are_single_rows_in_order():
    replay = RecordedRun(recorded())
    rows = [step.to_pylist() for step in replay.steps()]
    assert [row[0]["position"] for row in rows] == [0, 1, 2, 3]
    assert all(len(row) == 1 for row in rows)
    assert len(list(replay.steps(start=3))) == 1
    with pytest.raises(InputError):
        list(replay.steps(start=9))


def test_text_of_knows_what_the_run_shows():
    replay = RecordedRun(recorded())
    shown = replay.run.tokens["top_base"].to_pylist()[0][0]["token_id"]
    assert replay.text_of(shown) == f"t{shown}"
    assert replay.text_of(7) in {".", "t7"}
    with pytest.raises(NotFoundError):
        replay.text_of(123_456)


def test_other_questions_and_ids_are_refused():
    replay = RecordedRun(recorded())
    with pytest.raises(NotFoundError, match="load the pair"):
        replay.render("Name a lake.")
    with pytest.raises(NotFoundError, match="load the pair"):
        replay.token_texts([5, 7])


def test_a_run_whose_tokens_do_not_spell_its_response_is_refused():
    with pytest.raises(ShapeError, match="spell"):
        RecordedRun(recorded(response="The Nile"))
    run = recorded()
    with pytest.raises(ShapeError, match="positions"):
        RecordedRun(recorded(tokens=run.tokens.slice(1)))


def test_no_heavy_library_is_imported():
    code = (
        "import sys, itlim.models.recorded, itlim.shift.summary, itlim.shift.tables; "
        "import itlim.shift.measure, itlim.shift.live; "
        "print([name for name in ('torch', 'transformers', 'numba') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
