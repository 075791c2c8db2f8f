"""A hand-made case and its counterfactuals, with unequal numbers."""

from datetime import UTC, datetime

from itlim.records import (
    Borrowed,
    Counterfactual,
    CounterfactualCase,
    CounterfactualRow,
    Judged,
    Recurrence,
    RecurringSpan,
)

RESPONSE = "It was *Jim* | Henson\r\n🙂 <b>."
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def case(**changes) -> CounterfactualCase:
    fields = {
        "case_id": "c" * 16,
        "version": 0,
        "run_id": "0123456789abcdef",
        "pair": "demo-sft",
        "instruction": "Who made <it>?",
        "input": "",
        "response": RESPONSE,
        "start": 7,
        "stop": 21,
        "source_ids": ("toy-3",),
        "other_ids": ("toy-5", "toy-99"),
        "concept": "Both ask who made | something.",
        "changed_by": "ann",
        "changed_at": MOMENT,
    }
    return CounterfactualCase(**(fields | changes))


def counterfactual(number: int, **changes) -> Counterfactual:
    fields = {
        "counterfactual_id": f"{number:016x}",
        "case_id": "c" * 16,
        "pair": "demo-sft",
        "instruction": f"By whom was it made, number {number}?",
        "input": "",
        "template": "own words",
        "run_id": f"run-{number}",
        "response": "By Ann Lee & sons.",
        "base_hash": "b" * 64,
        "tuned_hash": "t" * 64,
        "decoding": "greedy",
        "max_new_tokens": 128,
        "recurs": RecurringSpan(kind=Recurrence.GONE, start=3, stop=10, similarity=0.25),
        "borrowed": (
            Borrowed(
                start=3,
                stop=10,
                quote="Ann Lee",
                nats=12.5,
                null_p=None,
                instance_ids=("toy-7", "toy-8"),
                n_instances=2,
            ),
        ),
        "author": "ann",
        "created_at": MOMENT.replace(minute=number),
    }
    return Counterfactual(**(fields | changes))


def row(number: int, **changes) -> CounterfactualRow:
    said = {name: changes.pop(name) for name in ("answer_correct", "is_kept") if name in changes}
    return CounterfactualRow(counterfactual=counterfactual(number, **changes), **said)


def recurring(number: int, **changes) -> CounterfactualRow:
    found = RecurringSpan(kind=Recurrence.FUZZY, start=0, stop=10, similarity=0.9)
    return row(number, response="Jim Hensen did.", recurs=found, borrowed=(), **changes)


ROWS = [row(1, answer_correct=Judged.NO), recurring(2), recurring(3, pair="demo-lft")]
INSTANCES = {
    "toy-3": {
        "source_line": 4,
        "instruction": "Who made that?",
        "input": "a list",
        "response": "Made by Jim Henson.",
    },
    "toy-5": {
        "source_line": 6,
        "instruction": "And this?",
        "input": "",
        "response": "Nobody knows.",
    },
}
