"""The cases of Figure 6: by hand, in general, and as judges chose them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pair_tables import answer, pair_of

from itlim.annotation.comparing import ComparisonSession
from itlim.annotation.side_by_side import payload_of, plan_comparisons
from itlim.findings import MarkedPhrase
from itlim.findings.outcomes import judged_outcomes, marked_outcomes, versus
from itlim.records import (
    AnnotationEvent,
    Choice,
    Comparison,
    Contrast,
    EventKind,
    Model,
    Side,
    SideBySide,
    Study,
)
from itlim.store.comparisons import create_side_by_side
from itlim.store.connection import Store

TEXT = [("It is so.", "unshifted", 0.0), (" It was red.", "unshifted", 0.0)]
CORE, LATER = MarkedPhrase(start=3, stop=5), MarkedPhrase(start=17, stop=20)
NOTHING, IN_CORE, IN_REST = (), (CORE, LATER), (LATER,)


def pair(name, *marks, marks_from="gold"):
    answers = [
        replace(answer(f"{name}{n}", f"Q{n}", TEXT, of), is_reviewed=True)
        for n, of in enumerate(marks)
    ]
    return replace(pair_of(*answers), pair=name, marks_from=marks_from)


def shares(first, second):
    return {one.finding_id: one.value for one in marked_outcomes(first, second)}


def test_each_case_by_hand():
    first = pair("a", NOTHING, IN_CORE, IN_REST, IN_CORE, NOTHING, NOTHING, NOTHING, NOTHING)
    second = pair("b", NOTHING, IN_REST, NOTHING, NOTHING, IN_REST, IN_CORE, NOTHING, IN_CORE)
    found = shares(first, second)
    assert found == {
        "outcome_neither": 25.0,
        "outcome_both": 12.5,
        "outcome_first_later": 12.5,
        "outcome_first_core": 12.5,
        "outcome_second_later": 12.5,
        "outcome_second_core": 25.0,
    }
    one = marked_outcomes(first, second)[3]
    assert one.claim == "only a has one, in its first sentence (case 5)"
    assert (one.pair, one.n, one.cases[0], one.paper_value) == ("a vs b", 8, "a3", None)


@given(st.lists(st.tuples(st.sampled_from([NOTHING, IN_CORE, IN_REST]),
                          st.sampled_from([NOTHING, IN_CORE, IN_REST])), min_size=1))  # fmt: skip
def test_the_cases_add_up_and_exchanging_the_pairs_exchanges_the_sides(marks):
    left, right = zip(*marks, strict=True)
    found = shares(pair("a", *left), pair("b", *right))
    turned = shares(pair("b", *right), pair("a", *left))
    assert sum(found.values()) == pytest.approx(100)
    for where in ("core", "later"):
        assert found[f"outcome_first_{where}"] == turned[f"outcome_second_{where}"]
    assert found["outcome_both"] == turned["outcome_both"]


def test_marks_of_different_sources_and_unreviewed_answers_are_not_compared():
    first = pair("a", IN_CORE, NOTHING)
    for second in (
        pair("b", NOTHING, NOTHING, marks_from="people"),
        replace(pair("b", NOTHING), answers=()),
    ):
        found = marked_outcomes(first, second)
        assert all(one.value is None and "same source" in one.missing for one in found)


STUDY = Study(study_id="six", title="Six", annotators_per_item=1)


@pytest.fixture
def store(tmp_path):
    found = [
        Comparison(instruction=f"Q{n}", run_a=f"a{n}", text_a="x", run_b=f"b{n}", text_b="y")
        for n in range(3)
    ]
    items = plan_comparisons(found, STUDY, n_items=3)
    with Store(tmp_path / "x.duckdb") as opened:
        create_side_by_side(
            opened, STUDY, SideBySide(pair_a="a", pair_b="b", n_both=3, n_same=0), items, by="ann"
        )
        yield opened, items


def judge(store, item, who, contrast, side):
    session = ComparisonSession(store=store, study=STUDY, item=item, annotator=who)
    choice = Choice(contrast=contrast, side=side, left=session.left)
    session.record(
        AnnotationEvent(
            event_id=f"{who}-{item.item_id}".ljust(32, "0"),
            study_id="six",
            item_id=item.item_id,
            annotator=who,
            kind=EventKind.COMPARE,
            payload=payload_of(choice),
        ),
        base=0,
    )
    return session.left


def test_a_finished_study_gives_the_shares_of_its_outcomes(store):
    opened, items = store
    left = judge(opened, items[0], "ann", Contrast.CORE_WRONG, Side.LEFT)
    judge(opened, items[1], "ann", Contrast.DIFFERENT, None)
    unfinished = judged_outcomes(opened, "a", "b")
    assert all("judged to the end" in one.missing for one in unfinished)
    judge(opened, items[2], "ann", Contrast.DIFFERENT, None)
    found = {one.finding_id: one for one in judged_outcomes(opened, "a", "b")}
    assert found["judged_different"].value == pytest.approx(200 / 3)
    assert (found["judged_different"].n, found["judged_different"].marks) == (3, "people")
    side = "first" if left is Model.A else "second"
    assert found[f"judged_core_wrong_{side}"].value == pytest.approx(100 / 3)
    turned = {one.finding_id: one for one in judged_outcomes(opened, "b", "a")}
    other = "second" if side == "first" else "first"
    assert turned[f"judged_core_wrong_{other}"].value == pytest.approx(100 / 3)
    assert sum(one.value for one in found.values()) == pytest.approx(100)
    assert judged_outcomes(opened, "a", "c")[0].value is None
    assert versus("a", "b") == "a vs b"
