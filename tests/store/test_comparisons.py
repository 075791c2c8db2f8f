"""Side-by-side studies in the database: pairs of answers, claims, append-only judgments."""

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from example_runs import example_response, example_run
from example_studies import items, study

from itlim.annotation.comparing import ComparisonSession, opinions_of, outcomes_of
from itlim.annotation.side_by_side import outcome_of, payload_of, plan_comparisons
from itlim.errors import ConflictError, InputError, ItemTakenError, NotFoundError, StoreError
from itlim.records import (
    AnnotationEvent,
    Choice,
    Contrast,
    EventKind,
    Model,
    SheetStatus,
    Side,
    SideBySide,
)
from itlim.store.claims import ClaimState, claim_states
from itlim.store.comparisons import (
    answered_by_both,
    answering_pairs,
    compared_pairs,
    comparisons_of,
    create_side_by_side,
    load_comparison,
    side_by_side_studies,
)
from itlim.store.connection import Store
from itlim.store.queue import next_item, progress_of
from itlim.store.runs import save_run
from itlim.store.studies import create_study, list_studies

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def answer(store, run_id, pair, instruction, response, **changes):
    facts = {"pair": pair, "instruction": instruction, "response": response, "created_at": NOON}
    save_run(store, example_run(run_id, **(facts | changes)))


def answers(store, n=6):
    for number in range(n):
        answer(store, f"a{number}", "one", f"Ask {number}", f"One says {number}")
        answer(store, f"b{number}", "two", f"Ask {number}", f"Two says {number}")


def made(store, **changes):
    of = study(**changes)
    found = answered_by_both(store, "one", "two")
    planned = plan_comparisons(found, of, n_items=50)
    compared = SideBySide(pair_a="one", pair_b="two", n_both=len(found), n_same=0)
    create_side_by_side(store, of, compared, planned, by="ann")
    return of


def session(store, of, person="ann", item_id=None):
    item_id = item_id or next_item(store, of, person)
    item = load_comparison(store, of.study_id, item_id)
    return ComparisonSession(store=store, study=of, item=item, annotator=person)


def event(at, event_id="e1", contrast="core_wrong", model="a", kind=EventKind.COMPARE, **changes):
    side = None
    if model:
        side = Side.LEFT if at.left is Model(model) else Side.RIGHT
    payload = payload_of(Choice(contrast=Contrast(contrast), side=side, left=at.left))
    facts = {
        "event_id": event_id,
        "study_id": at.study.study_id,
        "item_id": at.item.item_id,
        "annotator": at.annotator,
        "kind": kind,
        "payload": payload,
    }
    return AnnotationEvent(**(facts | changes))


def test_pairs_of_answers_have_the_same_instruction_and_input(store):
    answer(store, "a1", "one", "Ask", "One")
    answer(store, "b1", "two", "Ask", "Two")
    answer(store, "a2", "one", "Ask", "One more", input="Given")
    answer(store, "b2", "two", "Other", "Two")
    (found,) = answered_by_both(store, "one", "two")
    assert (found.run_a, found.text_a, found.run_b, found.text_b) == ("a1", "One", "b1", "Two")
    (other,) = answered_by_both(store, "two", "one")
    assert (other.run_a, other.run_b) == ("b1", "a1")
    assert answering_pairs(store) == {"one": 2, "two": 2}


def test_the_newest_answer_counts_and_scored_or_empty_texts_do_not(store):
    answer(store, "a1", "one", "Ask", "Old")
    answer(store, "a2", "one", "Ask", "New", created_at=NOON + timedelta(hours=1))
    answer(store, "a3", "one", "Ask", "Pasted", created_at=NOON + timedelta(hours=2),
           finish_reason="pasted")  # fmt: skip
    answer(store, "b1", "two", "Ask", "Two")
    answer(store, "a4", "one", "Ask 2", "  ")
    answer(store, "b4", "two", "Ask 2", "Two")
    (found,) = answered_by_both(store, "one", "two")
    assert (found.run_a, found.text_a) == ("a2", "New")


def test_a_pair_cannot_be_compared_with_itself(store):
    with pytest.raises(InputError, match="two different pairs"):
        answered_by_both(store, "one", "one")


def test_a_study_is_stored_and_listed_separately_from_studies_of_marks(store):
    answers(store)
    of = made(store, study_id="apart")
    marks = study()
    create_study(store, marks, items(marks), by="ann")
    assert [one.study_id for one in side_by_side_studies(store)] == ["apart"]
    assert [one.study_id for one in list_studies(store)] == ["dogs"]
    assert compared_pairs(store, "apart").pair_b == "two"
    planned = plan_comparisons(answered_by_both(store, "one", "two"), of, n_items=50)
    assert comparisons_of(store, "apart") == planned
    with pytest.raises(NotFoundError):
        compared_pairs(store, "dogs")
    with pytest.raises(NotFoundError):
        load_comparison(store, "apart", "nothing")


def test_ids_are_shared_with_studies_of_marks_and_nothing_is_partly_stored(store):
    answers(store)
    create_study(store, study(), items(study()), by="ann")
    with pytest.raises(ConflictError, match="already"):
        made(store)
    assert side_by_side_studies(store) == []
    assert comparisons_of(store, "dogs") == []


def test_simultaneous_people_never_exceed_k_and_nobody_judges_twice(store):
    answers(store, 8)
    of = made(store)
    done = []

    def work(name):
        while (item_id := next_item(store, of, name)) is not None:
            at = session(store, of, name, item_id)
            with suppress(ItemTakenError):  # someone was faster
                at.record(event(at, f"{name}-{item_id}"), base=0)
                done.append((item_id, name))

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(item for item, _ in done) == dict.fromkeys({i for i, _ in done}, 2)
    assert len(done) == len(set(done)) == 16
    outcomes = outcomes_of(opinions_of(store, of.study_id))
    assert set(outcomes) == set(done)
    assert {one.name for one in outcomes.values()} == {"core_wrong:a"}, "whatever the order shown"


def test_a_choice_closes_the_claim_and_counts_as_progress(store):
    answers(store)
    of = made(store)
    at = session(store, of)
    opinion = at.record(event(at), base=0)
    assert (opinion.status, opinion.version) == (SheetStatus.SUBMITTED, 1)
    assert claim_states(store, of.study_id)[at.item.item_id, "ann"] is ClaimState.SUBMITTED
    progress = progress_of(store, of, "ann")
    assert (progress.submitted, progress.left, progress.total) == (1, 5, 6)


def test_the_same_event_twice_is_stored_once(store):
    answers(store)
    of = made(store)
    at = session(store, of)
    assert at.record(event(at), base=0) == at.record(event(at), base=0)
    assert at.opinion().version == 1


def test_another_tab_is_a_conflict_and_a_changed_choice_is_a_new_version(store):
    answers(store)
    of = made(store)
    at = session(store, of)
    at.record(event(at), base=0)
    with pytest.raises(ConflictError, match="changed elsewhere"):
        at.record(event(at, "e2", "different", None), base=0)
    changed = at.record(event(at, "e2", "different", None), base=1)
    assert changed.version == 2
    assert outcome_of(changed.choice).name == "different"


def test_a_skip_requires_a_reason_and_assigns_the_item_to_others(store):
    answers(store)
    of = made(store, annotators_per_item=1)
    at = session(store, of)
    with pytest.raises(InputError, match="requires a reason"):
        at.record(event(at, kind=EventKind.SKIP, payload={"reason": " "}), base=0)
    skip = event(at, kind=EventKind.SKIP, payload={"reason": "no idea"})
    assert at.record(skip, base=0).status is SheetStatus.SKIPPED
    assert session(store, of, "bea", at.item.item_id).opinion().version == 0
    with pytest.raises(InputError, match="others can judge it"):
        at.record(event(at, "e2"), base=1)


def test_a_judged_item_can_no_longer_be_skipped(store):
    answers(store)
    of = made(store)
    at = session(store, of)
    at.record(event(at), base=0)
    with pytest.raises(InputError, match="change your choice"):
        at.record(event(at, "e2", kind=EventKind.SKIP, payload={"reason": "oh"}), base=1)


def test_an_item_at_its_limit_is_rejected_and_nothing_is_stored(store):
    answers(store, 1)
    of = made(store, annotators_per_item=1)
    at = session(store, of)
    late = session(store, of, "bea", at.item.item_id)
    at.record(event(at), base=0)
    with pytest.raises(ItemTakenError, match="allows 1 annotator per item"):
        late.record(event(late, "e9"), base=0)
    assert set(opinions_of(store, of.study_id)) == {(at.item.item_id, "ann")}


def test_events_of_other_items_or_kinds_are_rejected(store):
    answers(store)
    of = made(store)
    at = session(store, of)
    with pytest.raises(InputError, match="session of 'ann'"):
        at.record(event(at, annotator="bea"), base=0)
    with pytest.raises(InputError, match="does not accept events"):
        at.record(event(at, kind=EventKind.FLAG, payload={"reason": "x"}), base=0)
    turned = event(at).payload | {"order": "ba" if at.left is Model.A else "ab"}
    with pytest.raises(InputError, match="another order"):
        at.record(event(at, payload=turned), base=0)
    changed = replace(at, item=replace(at.item, text_a="rewritten"))
    with pytest.raises(StoreError, match="differ from those with which the study was created"):
        changed.record(event(changed), base=0)
    assert opinions_of(store, of.study_id) == {}


def test_an_answer_without_models_is_compared_with_one_that_was_measured(store):
    answer(store, "a1", "one", "Ask 1", "One says 1")
    save_run(store, example_response(pair="tern", instruction="Ask 1", response="Tern says 1"))
    assert answering_pairs(store) == {"one": 1, "tern": 1}
    (found,) = answered_by_both(store, "tern", "one")
    assert (found.text_a, found.text_b) == ("Tern says 1", "One says 1")
