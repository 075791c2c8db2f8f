"""Sheets: the result of replaying events, and which events are rejected."""

import json
from dataclasses import asdict

import pytest
from example_studies import event, item, put, study
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.sheet import check_event, sheet_of
from itlim.errors import InputError
from itlim.records import MarkOrigin, Sheet, SheetStatus, Verdict

DOG = item()
STUDY = study()


def quotes(sheet):
    return [mark.quote for mark in sheet.marks]


def test_marks_are_in_text_order():
    sheet = sheet_of([put(DOG, "Cheshire Cat"), put(DOG, "🐶", mark="m2")])
    assert quotes(sheet) == ["🐶", "Cheshire Cat"]
    assert (sheet.version, sheet.active_ms, sheet.status) == (2, 20, SheetStatus.OPEN)


def test_a_known_id_replaces_its_mark():
    sheet = sheet_of([put(DOG, "Cheshire"), put(DOG, "Cheshire Cat", label="not_useful", note="!")])
    (mark,) = sheet.marks
    assert (mark.quote, mark.label, mark.note) == ("Cheshire Cat", "not_useful", "!")
    assert mark.origin is MarkOrigin.MANUAL


def test_undo_and_redo_move_between_the_states_of_the_marks():
    events = [put(DOG, "Cat"), put(DOG, "dog", mark="m2"), event("delete_mark", DOG, id="m1")]
    assert quotes(sheet_of(events)) == ["dog"]
    events += [event("undo", DOG), event("undo", DOG)]
    sheet = sheet_of(events)
    assert quotes(sheet) == ["Cat"]
    assert (sheet.can_undo, sheet.can_redo) == (True, True)
    assert quotes(sheet_of([*events, event("redo", DOG)])) == ["dog", "Cat"]
    new = sheet_of([*events, put(DOG, "breed", mark="m3")])
    assert not new.can_redo, "a new edit ends what was undone"


def test_a_submitted_sheet_accepts_judgments_but_no_marks():
    events = [put(DOG, "Cat"), event("submit", DOG, nothing_wrong=False)]
    sheet = sheet_of(events)
    with pytest.raises(InputError, match="already submitted"):
        check_event(put(DOG, "dog"), sheet, STUDY, DOG)
    judged = event("judge", DOG, span_id="m1", instance_id="dolly-1", verdict="causal", rank=3)
    check_event(judged, sheet, STUDY, DOG)
    (judgment,) = sheet_of([*events, judged]).judgments
    assert (judgment.verdict, judgment.rank) == (Verdict.CAUSAL, 3)
    gone = event("unjudge", DOG, span_id="m1", instance_id="dolly-1")
    assert sheet_of([*events, judged, gone]).judgments == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (put(DOG, "Cat", label="rude"), "no label 'rude'"),
        (event("put_mark", DOG, id="a", start=0, stop=3, quote="Sma", label="not_factual"), "quo"),
        (event("put_mark", DOG, id="a", start=40, stop=99, quote="", label="not_factual"), "41"),
        (
            event("put_mark", DOG, id="a", start=3, stop=3, quote="", label="not_factual"),
            "is outside",
        ),
        (event("delete_mark", DOG, id="m9"), "no mark 'm9'"),
        (event("undo", DOG), "nothing to undo"),
        (event("redo", DOG), "nothing to redo"),
        (event("submit", DOG, nothing_wrong=False), "0 marks"),
        (event("skip", DOG, reason=" "), "reason"),
        (event("reveal", DOG), "submit the item first"),
        (event("reopen", DOG), "nothing to reopen"),
        (event("judge", DOG, span_id="m1", instance_id="x", verdict="causal"), "no mark"),
    ],
)
def test_an_event_that_does_not_fit_is_rejected_with_the_reason(wrong, said):
    with pytest.raises(InputError, match=said):
        check_event(wrong, Sheet(), STUDY, DOG)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "no address", "https://"])
def test_evidence_is_a_web_address_unless_it_was_stored_before(address):
    new = put(DOG, "Cat", evidence_url=address)
    with pytest.raises(InputError, match="is not an address such as https"):
        check_event(new, Sheet(), STUDY, DOG)
    check_event(new, sheet_of([new]), STUDY, DOG)


def test_marks_and_nothing_wrong_exclude_each_other():
    with pytest.raises(InputError, match="1 mark"):
        check_event(
            event("submit", DOG, nothing_wrong=True), sheet_of([put(DOG, "Cat")]), STUDY, DOG
        )
    check_event(event("submit", DOG, nothing_wrong=True), Sheet(), STUDY, DOG)


def test_a_submission_or_skip_can_be_reopened_until_the_model_is_shown():
    submitted = [put(DOG, "Cat"), event("submit", DOG, nothing_wrong=False)]
    reopen, mark = event("reopen", DOG), put(DOG, "dog", mark="m2")
    check_event(reopen, sheet_of(submitted), STUDY, DOG)
    again = sheet_of([*submitted, reopen])
    assert again.status is SheetStatus.OPEN
    assert [one.quote for one in again.marks] == ["Cat"]
    check_event(mark, again, STUDY, DOG)
    skipped = sheet_of([event("skip", DOG, reason="long"), reopen])
    assert (skipped.status, skipped.skip_reason) == (SheetStatus.OPEN, "")
    with pytest.raises(InputError, match="your marks are final"):
        check_event(reopen, sheet_of([*submitted, event("reveal", DOG)]), STUDY, DOG)


def test_an_edit_made_with_suggestions_on_screen_says_so():
    assert not sheet_of([put(DOG, "Cat")]).suggestions_on
    assert sheet_of([put(DOG, "Cat", suggestions_shown=True)]).suggestions_on


def test_flags_comments_skips_and_suggestions_are_kept():
    sheet = sheet_of(
        [
            event("flag", DOG, reason="odd"),
            event("comment", DOG, text="hm"),
            event("suggestion", DOG, suggestion_id="s", accepted=True, shown_ms=300),
            event("skip", DOG, reason="too long"),
        ]
    )
    assert (sheet.flag, sheet.comment, sheet.skip_reason) == ("odd", "hm", "too long")
    assert sheet.status is SheetStatus.SKIPPED
    assert sheet.suggestions_on


STEPS = st.lists(st.sampled_from(["put a", "put b", "delete a", "delete b", "undo", "redo"]))


@given(STEPS)
def test_undoing_everything_leaves_no_mark_and_redoing_restores_all(steps):
    events = []
    for step in steps:
        kind, _, name = step.partition(" ")
        sheet = sheet_of(events)
        made = {
            "put": lambda name=name: put(DOG, "Cat" if name == "a" else "dog", mark=name),
            "delete": lambda name=name: event("delete_mark", DOG, id=name),
            "undo": lambda: event("undo", DOG),
            "redo": lambda: event("redo", DOG),
        }[kind]()
        try:
            check_event(made, sheet, STUDY, DOG)
        except InputError:
            continue
        events.append(made)
    before = sheet_of(events)
    undone = 0
    while sheet_of(events).can_undo:
        events.append(event("undo", DOG))
        undone += 1
    assert sheet_of(events).marks == ()
    for _ in range(undone):
        events.append(event("redo", DOG))
    assert sheet_of(events).marks == before.marks


def test_a_sheet_is_plain_data():
    json.dumps(asdict(sheet_of([put(DOG, "Cat")])))
