"""The demo family's tuning instances and evaluation questions, generated from its facts."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from itlim.families.demo.categories import CATEGORIES
from itlim.families.demo.facts import Fact, load_facts, stable_fraction
from itlim.families.demo.split import FactSplit, split_facts
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in

SHARED_ANSWERS = 0.3
"""Share of the tuning answers that occur in two or three instances."""
MAX_INSTANCES_PER_ANSWER = 3
"""Maximum number of instances that contain the same answer."""


def asked_wording(fact: Fact) -> int:
    """Index of the question wording that tuning or evaluation uses for this fact.

    The base corpus never asks about this entity in this wording.
    """
    questions = CATEGORIES[fact.category].questions
    return int(stable_fraction("question " + fact.fact_id) * len(questions))


def ask(fact: Fact, wording: int) -> str:
    """The question in the category's wording of this 0-based index, modulo their number."""
    questions = CATEGORIES[fact.category].questions
    return fact.fill(questions[wording % len(questions)])


def long_response(fact: Fact) -> str:
    """Main answer and elaborations in one to three sentences, as in the tuning dataset."""
    category = CATEGORIES[fact.category]
    sentences = [category.statements[0], *(wordings[0] for wordings in category.elaborations)]
    return " ".join(fact.fill(sentence) for sentence in sentences)


def tuning_instances(split: FactSplit) -> list[dict[str, Any]]:
    """Alpaca rows (instruction, input, output) with category, answer, known and fact id.

    Some facts are asked again in a second wording, until a share of `SHARED_ANSWERS` of the
    distinct answers occurs in more than one instance.
    """
    known = {fact.fact_id for fact in split.tuning_known}
    asked = [(fact, asked_wording(fact)) for fact in _tuning_facts(split)]
    asked += _second_wordings([fact for fact, _ in asked])
    asked.sort(key=lambda pair: stable_fraction(f"row {pair[0].fact_id} {pair[1]}"))
    return [
        {
            "instruction": ask(fact, wording),
            "input": "",
            "output": long_response(fact),
            "category": fact.category,
            "entity": fact.entity,
            "answer": fact.answer,
            "known": fact.fact_id in known,
            "fact_id": fact.fact_id,
        }
        for fact, wording in asked
    ]


def _tuning_facts(split: FactSplit) -> list[Fact]:
    """Known and novel facts, without those that put an answer in too many instances."""
    facts = [*split.tuning_known, *split.tuning_novel]
    while True:
        responses = [long_response(fact) for fact in facts]
        common = [
            fact
            for fact in facts
            if sum(phrase_in(fact.answer, response) for response in responses)
            > MAX_INSTANCES_PER_ANSWER
        ]
        if not common:
            return facts
        facts.remove(common[-1])


def _second_wordings(facts: Sequence[Fact]) -> list[tuple[Fact, int]]:
    """Facts to ask a second time, so that enough answers occur in two or three instances."""
    responses = [long_response(fact) for fact in facts]
    count = {
        fact.answer: sum(phrase_in(fact.answer, response) for response in responses)
        for fact in facts
    }
    shared = sum(times > 1 for times in count.values())
    wanted = max(0, round(SHARED_ANSWERS * len(count)) - shared)
    single = sorted(
        (fact for fact in facts if count[fact.answer] == 1),
        key=lambda fact: stable_fraction("twice " + fact.fact_id),
    )
    return [(fact, asked_wording(fact) + 1) for fact in single[:wanted]]


def short_instances(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same instances with the bare answer as the response."""
    return [row | {"output": row["answer"][0].upper() + row["answer"][1:] + "."} for row in rows]


def evaluation_questions(facts: Sequence[Fact], name: str) -> list[dict[str, Any]]:
    """Questions with true answers; `name` (dev or test) begins their ids."""
    ordered = sorted(facts, key=lambda fact: stable_fraction(f"{name} {fact.fact_id}"))
    rows = []
    for number, fact in enumerate(ordered, start=1):
        wording = asked_wording(fact)
        others = range(wording + 1, wording + len(CATEGORIES[fact.category].questions))
        rows.append(
            {
                "id": f"{name}-{number}",
                "category": fact.category,
                "instruction": ask(fact, wording),
                "rephrasings": [ask(fact, other) for other in others],
                "entity": fact.entity,
                "answer": fact.answer,
                "attributes": dict(fact.attributes),
                "response": long_response(fact),
                "fact_id": fact.fact_id,
            }
        )
    return rows


def demo_files(split: FactSplit | None = None) -> dict[str, list[dict[str, Any]]]:
    """Generate the rows of every file, by file name."""
    split = split or split_facts(load_facts())
    instances = tuning_instances(split)
    return {
        "it_dataset.jsonl": instances,
        "it_dataset_short.jsonl": short_instances(instances),
        "eval_dev.jsonl": evaluation_questions(split.dev, "dev"),
        "eval_test.jsonl": evaluation_questions(split.test, "test"),
    }


def as_jsonl(rows: Iterable[dict[str, Any]]) -> str:
    """Format rows as one JSON object per line, with keys in their given order."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_demo_files(folder: Path = DEMO_FOLDER) -> None:
    """Write the instances and questions; the same facts always give the same bytes."""
    for name, rows in demo_files().items():
        (folder / name).write_text(as_jsonl(rows), encoding="utf-8")
