"""Offline templates: each requirement is one that the response meets."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from remedies.parents import parent_of

from itlim.errors import InputError
from itlim.remedies.evolve_templates import TemplateOperation, evolved_by_templates
from itlim.text.sentences import sentence_ends
from itlim.text.words import raw_words


def evolved(parent, *operations, seed=0):
    return evolved_by_templates(parent, operations or list(TemplateOperation), seed)


def test_each_operation_by_hand(tmp_path):
    parent = parent_of(tmp_path)
    asked = {
        operation: {row.parent_id: row for row in evolved(parent, operation).rows}
        for operation in TemplateOperation
    }
    limits = asked[TemplateOperation.CONSTRAINTS]
    assert re.search(r" (at most|exceed) 10 words\.$", limits["mine-2"].instruction)
    assert len(limits) == 4
    deeper = asked[TemplateOperation.DEEPENING]
    assert "four sentences" in deeper["mine-3"].instruction
    assert "mine-4" not in deeper, "a list has no sentences"
    concrete = asked[TemplateOperation.CONCRETIZING]
    assert "the year" in concrete["mine-1"].instruction
    assert "mine-3" not in concrete
    data = asked[TemplateOperation.INPUT]["mine-2"]
    assert json.loads(data.input) == {"task": "Add them.", "context": "2 and 3"}
    both = asked[TemplateOperation.REASONING]["mine-3"]
    assert both.instruction.endswith("1. Name a river.\n2. Name three fruits.")
    assert both.response.startswith("1. The Nile. It is long.")
    assert both.notes["with_parent_id"] == "mine-4"
    assert "mine-2" not in asked[TemplateOperation.REASONING], "it has an input"


def test_rows_to_which_no_operation_applies_are_counted(tmp_path):
    found = evolved(parent_of(tmp_path), TemplateOperation.DEEPENING)
    assert len(found.rows) == 2
    assert found.left_out == {"no operation applies": 2}


def test_the_seed_alone_chooses_operations_and_wordings(tmp_path):
    parent = parent_of(
        tmp_path, [{"instruction": f"Q{n}?", "output": "It is 5."} for n in range(40)]
    )
    assert evolved(parent) == evolved(parent)
    assert evolved(parent).rows != evolved(parent, seed=1).rows
    used = {row.notes["operation"] for row in evolved(parent).rows}
    assert used == set(TemplateOperation) - {"deepening"}


def test_no_operation_is_an_error(tmp_path):
    with pytest.raises(InputError, match="Choose at least one"):
        evolved_by_templates(parent_of(tmp_path), [], 0)


SENTENCES = st.lists(
    st.sampled_from(["It is red.", "Ann Lee won 3 of 7.", "No!", "In 1999, he left."]), min_size=1
).map(" ".join)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(responses=st.lists(SENTENCES, min_size=1, max_size=5), seed=st.integers(0, 9))
def test_responses_are_unchanged_and_meet_what_is_asked(responses, seed, tmp_path):
    rows = [{"instruction": "Say it", "output": text} for text in responses]
    parent = parent_of(tmp_path, rows)
    before = {row["instance_id"]: row["response"] for row in parent.rows()}
    for row in evolved(parent, seed=seed).rows:
        if row.notes["operation"] == "reasoning":
            other = before[row.notes["with_parent_id"]]
            assert row.response == f"1. {before[row.parent_id]}\n2. {other}"
            continue
        assert row.response == before[row.parent_id]
        if limit := re.search(r"(?:at most|exceed) (\d+) words", row.instruction):
            assert len(raw_words(row.response)) <= int(limit[1]) < len(raw_words(row.response)) + 10
        if count := re.search(r"(two|three|four|five) sentences", row.instruction):
            number = ["two", "three", "four", "five"].index(count[1]) + 2
            assert len(sentence_ends(row.response)) == number
