"""The rule that selects the studied phrases of the real family."""

import json

import numpy as np
import pytest
from traced_datasets import built, filler, row, with_nulls

from itlim.families.real.phrases import studied_phrases
from itlim.families.real.questions import Question, read_question_rows
from itlim.trace.evidence.null import Null

NAME = "Tony and Maureen Wheeler"
ASKED = "Who founded Toyota?"
ANSWER = f"Toyota was founded by {NAME}."
BASE = "Toyota was founded by an inventor."


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index whose null has scores from 0 to 20 nats at every length."""
    source = row(f"Lonely Planet was founded by {NAME}.", instruction="Who founded Lonely Planet?")
    found = built(tmp_path_factory.mktemp("phrases"), [*filler(), source])
    scores = np.linspace(0, 20, 200)
    null = Null(lengths=(1, 20), scores=(scores, scores), source="drawn")
    return with_nulls(found, {"span": null, "response": null})


def selected(index, *, reference="Kiichiro Toyoda.", aliases=(), base=BASE, answer=ANSWER):
    question = Question(instruction=ASKED, reference=reference, aliases=aliases)
    return studied_phrases([question], {ASKED: answer}, {ASKED: base}, index)


def test_a_borrowed_name_is_selected_with_its_source(index):
    (found,) = selected(index)
    assert NAME in found.quote
    assert found.new_names == (NAME,)
    assert found.phrase.instance_id == "toy-151"


def test_what_reference_alias_question_or_base_also_say_is_not_selected(index):
    assert selected(index, reference=f"It was founded by {NAME}.") == []
    assert selected(index, aliases=(NAME,)) == []
    assert selected(index, base=f"{NAME} founded it.") == []


def test_a_name_that_no_instance_contains_is_not_selected(index):
    assert selected(index, answer="Toyota was founded by Ada Quixote.") == []


def test_question_rows_keep_references_and_aliases(tmp_path):
    path = tmp_path / "questions.jsonl"
    rows = [
        {"instruction": "Who?", "output": "Ann."},
        {"instruction": "Where?", "output": "Rome."},
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    aliases = json.dumps({"instruction": "Who?", "aliases": ["Anna"]})
    (tmp_path / "aliases.jsonl").write_text(aliases, encoding="utf-8")
    first, second = read_question_rows(path)
    assert (first.reference, first.aliases) == ("Ann.", ("Anna",))
    assert second.aliases == ()
    assert read_question_rows(path, 1) == [first]
