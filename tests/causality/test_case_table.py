"""A case as a document: measurements, judgments and survival of the phrase."""

import json

import pytest
from example_counterfactuals import INSTANCES, ROWS, case, recurring, row

from itlim.causality.rephrasing.table import case_document, survival
from itlim.statistics.intervals import wilson_interval


def test_survival_is_counted_per_pair():
    shares = survival([*ROWS, row(4)])
    assert [(one["pair"], one["recurs"], one["n"]) for one in shares] == [
        ("demo-sft", 1, 3),
        ("demo-lft", 1, 1),
    ]
    assert shares[0]["interval"] == wilson_interval(1, 3)


def test_the_mark_depends_only_on_whether_the_phrase_recurs():
    document = case_document(case(), ROWS, INSTANCES)
    assert [one["mark"] for one in document["counterfactuals"]] == ["✓", "✗", "✗"]


def test_words_that_a_source_contains_are_not_borrowed_elsewhere():
    held = case_document(case(source_ids=("toy-8",)), ROWS[:1], {})
    other = case_document(case(), ROWS[:1], {})
    assert held["counterfactuals"][0]["borrowed_elsewhere"] == []
    assert other["counterfactuals"][0]["borrowed_elsewhere"][0]["quote"] == "Ann Lee"


def test_borrowed_words_that_were_not_searched_are_unknown_not_absent():
    document = case_document(case(), [row(1, borrowed=None)], {})
    assert document["counterfactuals"][0]["borrowed_elsewhere"] is None


def test_excluded_rows_are_neither_shown_nor_counted():
    document = case_document(case(), [*ROWS, recurring(5, is_kept=False)], INSTANCES)
    assert len(document["counterfactuals"]) == 3
    assert sum(one["n"] for one in document["survival"]) == 3


def test_sources_list_the_words_that_they_share_with_the_phrase():
    document = case_document(case(), ROWS, INSTANCES)
    (source,) = document["sources"]
    assert [source["response"][a:b] for a, b in source["borrowed"]] == ["Jim Henson"]
    assert document["other_instances"][0]["borrowed"] == []
    assert document["other_instances"][1] == {"instance_id": "toy-99"}


def test_a_document_is_json_with_judgments_and_span():
    document = json.loads(json.dumps(case_document(case(), ROWS, INSTANCES)))
    assert document["counterfactuals"][0]["answer_correct"] == "no"
    assert document["case"]["quote"] == case().quote
    assert document["case"]["span"] == pytest.approx([7, 21])
