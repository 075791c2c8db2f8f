"""Adjudication: merged spans, conflicts, omissions, and the order of the items."""

import pytest
from example_studies import event, item, put
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.adjudication import (
    FINAL,
    Consensus,
    disagreement,
    proposals,
    submitted,
    to_adjudicate,
)
from itlim.annotation.sheet import sheet_of
from itlim.records import Mark, Sheet, SheetStatus

DOG = item()


def sheet(*quotes, label="not_factual", done=True):
    events = [put(DOG, quote, mark=f"m{n}", label=label) for n, quote in enumerate(quotes)]
    if done:
        events.append(event("submit", DOG, nothing_wrong=not quotes))
    return sheet_of(events)


def test_spans_that_all_mark_with_one_label_are_agreed_and_take_the_most_frequent_edges():
    found = proposals({"a": sheet("Cheshire Cat"), "b": sheet("Cheshire Cat"), "c": sheet("the Cheshire Cat")})  # fmt: skip # noqa: E501
    (one,) = found
    assert one.consensus is Consensus.AGREED
    assert DOG.text[one.start : one.stop] == "Cheshire Cat"
    assert [name for name, _ in one.marks] == ["c", "a", "b"]
    assert one.missing == ()


def test_the_widest_of_tied_edges_is_proposed():
    (one,) = proposals({"a": sheet("Cheshire Cat"), "b": sheet("the Cheshire Cat")})
    assert DOG.text[one.start : one.stop] == "the Cheshire Cat"


def test_different_labels_are_a_conflict():
    (one,) = proposals({"a": sheet("Cat"), "b": sheet("Cat", label="not_useful")})
    assert one.consensus is Consensus.CONFLICT


def test_edges_that_hardly_overlap_are_a_conflict():
    (one,) = proposals({"a": sheet("Smallest dog breed is the Cheshire"), "b": sheet("Cheshire Cat")})  # fmt: skip # noqa: E501
    assert one.consensus is Consensus.CONFLICT


def test_a_span_that_one_annotator_did_not_mark_is_an_omission():
    (one,) = proposals({"a": sheet("Cat"), "b": sheet()})
    assert (one.consensus, one.missing) == (Consensus.OMISSION, ("b",))


def test_spans_that_do_not_overlap_are_separate_proposals():
    found = proposals({"a": sheet("Smallest", "Cat"), "b": sheet("Cat")})
    assert [one.consensus for one in found] == [Consensus.OMISSION, Consensus.AGREED]


def test_only_submitted_sheets_of_annotators_count():
    sheets = {"a": sheet("Cat"), "b": sheet("Cat", done=False), FINAL: sheet("dog")}
    assert list(submitted(sheets)) == ["a"]
    assert disagreement(DOG, sheets) is None


def test_disagreement_equals_values_worked_by_hand():
    # Words: 🐶 Smallest dog breed is the Cheshire Cat . — a marks two, b one of them.
    assert disagreement(DOG, {"a": sheet("Cheshire Cat"), "b": sheet("Cat")}) == pytest.approx(0.5)
    assert disagreement(DOG, {"a": sheet(), "b": sheet()}) == 0
    assert disagreement(DOG, {"a": sheet("Cat"), "b": sheet()}) == 1
    three = {"a": sheet("Cheshire Cat"), "b": sheet("Cat"), "c": sheet()}
    assert disagreement(DOG, three) == pytest.approx((0.5 + 1 + 1) / 3)


def test_the_lowest_agreement_comes_first_and_finished_items_are_left_out():
    items = [item(DOG.text, item_id=name, position=n) for n, name in enumerate("wxyz")]
    sheets = {
        ("w", "a"): sheet("Cat"), ("w", "b"): sheet("Cat"),
        ("x", "a"): sheet("Cat"), ("x", "b"): sheet("dog"),
        ("y", "a"): sheet("Cat"),
        ("z", "a"): sheet("Cat"), ("z", "b"): sheet("dog"), ("z", FINAL): sheet("Cat"),
    }  # fmt: skip
    found = [(one.item_id, distance) for one, distance in to_adjudicate(items, sheets)]
    assert found == [("x", 1.0), ("w", 0.0)]


SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 5), st.sampled_from(["not_factual", "not_useful"])),
    max_size=4,
)


@given(st.dictionaries(st.sampled_from("abc"), SPANS, min_size=1))
def test_every_mark_is_in_exactly_one_proposal(spans):
    sheets = {
        name: Sheet(
            status=SheetStatus.SUBMITTED,
            marks=tuple(
                Mark(id=f"{name}{n}", start=at, stop=at + long, quote="", label=label)
                for n, (at, long, label) in enumerate(given)
            ),
        )
        for name, given in spans.items()
    }
    found = proposals(sheets)
    ids = sorted(mark.id for one in found for _, mark in one.marks)
    assert ids == sorted(mark.id for sheet in sheets.values() for mark in sheet.marks)
    for one in found:
        assert any((mark.start, mark.stop) == (one.start, one.stop) for _, mark in one.marks)
        assert not set(one.missing) & {name for name, _ in one.marks}
