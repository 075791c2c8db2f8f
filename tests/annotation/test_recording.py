"""A session checks, stores and acknowledges edits; conflicts and reassignment are reported."""

import threading
from dataclasses import replace

import pytest
from counting_store import CountingStore
from example_studies import event, items, put, study

from itlim.annotation.adjudication import FINAL
from itlim.annotation.recording import (
    AnnotationSession,
    comment_on_study,
    sheets_of,
    study_comments,
)
from itlim.errors import ConflictError, InputError, ItemTakenError, StoreError
from itlim.records import SheetStatus
from itlim.store.claims import claim_states
from itlim.store.connection import Store
from itlim.store.queue import next_item
from itlim.store.studies import create_study, load_item


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


@pytest.fixture
def session(store):
    of = study(annotators_per_item=1)
    create_study(store, of, items(of), by="ann")
    item_id = next_item(store, of, "ann")
    return AnnotationSession(
        store=store, study=of, item=load_item(store, "dogs", item_id), annotator="ann"
    )


def word(session):
    return session.item.text.split()[-1]


def test_recorded_edits_are_there_after_reopening_the_database(session, tmp_path):
    sheet = session.record([put(session.item, word(session))], base=0).sheet
    assert [mark.quote for mark in sheet.marks] == [word(session)]
    session.store.close()
    with Store(tmp_path / "x.duckdb") as again:
        assert replace(session, store=again).sheet() == sheet


def test_submitting_closes_the_claim(session):
    sheet = session.record([event("submit", session.item, nothing_wrong=True)], base=0).sheet
    assert sheet.status is SheetStatus.SUBMITTED
    assert claim_states(session.store, "dogs")[session.item.item_id, "ann"] == "submitted"
    assert sheets_of(session.store, "dogs") == {(session.item.item_id, "ann"): sheet}


def test_a_result_acknowledges_all_sent_edits_and_states_when_they_were_saved(session):
    first, second = put(session.item, word(session)), event("flag", session.item, reason="x")
    assert session.record([first], base=0).acknowledged == (first.event_id,)
    # The acknowledgement was lost: the browser sends the first again.
    result = session.record([first, second], base=0)
    assert result.acknowledged == (first.event_id, second.event_id)
    assert result == session.current([first, second])
    assert result.saved_at == session.log().saved_at is not None
    assert result.sheet.version == 2


def test_after_a_rejection_only_stored_edits_are_acknowledged(session):
    stored, wrong = put(session.item, word(session)), event("delete_mark", session.item, id="m9")
    session.record([stored], base=0)
    with pytest.raises(InputError):
        session.record([stored, wrong], base=0)
    result = session.current([stored, wrong])
    assert result.acknowledged == (stored.event_id,)
    assert result.sheet.version == 1


def test_each_edit_of_a_message_is_checked_against_the_edits_before_it(session):
    edits = [
        put(session.item, word(session)),
        event("delete_mark", session.item, id="m1"),
        event("undo", session.item),
        event("submit", session.item, nothing_wrong=False),
    ]
    sheet = session.record(edits, base=0).sheet
    assert (sheet.version, len(sheet.marks), sheet.status) == (4, 1, SheetStatus.SUBMITTED)


@pytest.mark.parametrize("earlier", [0, 40])
@pytest.mark.parametrize("sent", [1, 25])
def test_a_message_of_edits_reads_the_log_once_in_the_transaction_that_stores_it(
    tmp_path, earlier, sent
):
    of = study(annotators_per_item=1)
    with CountingStore(tmp_path / "x.duckdb") as store:
        create_study(store, of, items(of), by="ann")
        item = load_item(store, "dogs", next_item(store, of, "ann"))
        session = AnnotationSession(store=store, study=of, item=item, annotator="ann")
        for base in range(earlier):
            session.record([event("flag", item, reason="x")], base=base)
        store.statements.clear()
        edits = [event("flag", item, reason="x") for _ in range(sent)]
        assert session.record(edits, base=earlier).sheet.version == earlier + sent
        assert store.log_reads() == 1
        assert store.transactions() == 1
        assert store.statements[0] == "BEGIN"
        assert store.statements[-1] == "COMMIT"


def test_an_id_that_another_sheet_has_used_is_rejected_and_not_acknowledged(session):
    edit = put(session.item, word(session))
    session.record([edit], base=0)
    other = replace(session, annotator="bea", is_claimed=False)
    with pytest.raises(InputError, match="Another sheet already"):
        other.record([replace(edit, annotator="bea")], base=0)
    assert other.sheet().version == 0


def test_one_invalid_edit_rejects_the_whole_message(session):
    edits = [put(session.item, word(session)), event("delete_mark", session.item, id="m9")]
    with pytest.raises(InputError, match="no mark 'm9'"):
        session.record(edits, base=0)
    assert session.sheet().version == 0


def test_a_second_tab_gets_a_conflict_and_overwrites_nothing(session):
    session.record([put(session.item, word(session))], base=0)
    with pytest.raises(ConflictError, match="changed elsewhere"):
        session.record([event("flag", session.item, reason="x")], base=0)
    assert len(session.sheet().marks) == 1


def test_a_submission_can_be_sent_again(session):
    sent = [put(session.item, word(session)), event("submit", session.item, nothing_wrong=False)]
    assert session.record(sent, base=0) == session.record(sent, base=0)


def test_an_edit_of_another_person_is_rejected(session):
    with pytest.raises(InputError, match="session of 'ann'"):
        session.record([put(session.item, word(session), "bea")], base=0)


def test_a_reassigned_item_accepts_no_edit_but_keeps_earlier_ones(session, store):
    session.record([put(session.item, word(session))], base=0)
    with store.writing() as cursor:
        cursor.execute("UPDATE claims SET seen_at = '2020-01-01', state = 'released'")
    assert next_item(store, session.study, "bea") == session.item.item_id
    other = replace(session, annotator="bea")
    other.record([put(session.item, word(session), "bea")], base=0)
    with pytest.raises(ItemTakenError, match="are kept"):
        session.record([event("flag", session.item, reason="x")], base=1)
    assert len(session.sheet().marks) == 1


def test_a_reopened_item_is_claimed_again_and_its_marks_can_be_changed(session):
    session.record([event("submit", session.item, nothing_wrong=True)], base=0)
    session.record([event("reopen", session.item)], base=1)
    assert claim_states(session.store, "dogs")[session.item.item_id, "ann"] == "open"
    sheet = session.record([put(session.item, word(session))], base=2).sheet
    assert (sheet.status, len(sheet.marks)) == (SheetStatus.OPEN, 1)


def final_of(session):
    return replace(session, annotator=FINAL, is_claimed=False)


def test_only_named_adjudicators_can_set_final_spans(session):
    final = final_of(session)
    for by in ({}, {"by": "ann"}, {"by": "*"}):
        mark = put(session.item, word(session), FINAL, **by)
        with pytest.raises(InputError, match="not an adjudicator of this study"):
            final.record([mark], base=0)
    assert final.sheet().version == 0
    final.record([put(session.item, word(session), FINAL, by="zoe")], base=0)
    nobody = replace(final, study=replace(session.study, people={}))
    with pytest.raises(InputError, match="Adjudicators: nobody yet"):
        nobody.record([event("flag", session.item, FINAL, reason="x", by="zoe")], base=1)


def test_an_annotator_reopens_an_adjudicated_item_only_after_its_adjudicator(session):
    item = session.item
    session.record([event("submit", item, nothing_wrong=True)], base=0)
    final = final_of(session)
    final.record([event("submit", item, FINAL, nothing_wrong=True, by="zoe")], base=0)
    with pytest.raises(InputError, match="an adjudicator must reopen"):
        session.record([event("reopen", item)], base=1)
    with pytest.raises(InputError, match="not an adjudicator"):
        final.record([event("reopen", item, FINAL, by="ann")], base=1)
    final.record([event("reopen", item, FINAL, by="zoe")], base=1)
    session.record([event("reopen", item)], base=1)
    assert session.sheet().status is SheetStatus.OPEN


def test_of_several_people_who_mark_one_item_at_once_no_more_than_k_succeed(session):
    """Every thread opens the item first, as a page does, and then sends its first mark."""
    of = replace(session.study, annotators_per_item=2)
    people = [f"p{number}" for number in range(8)]
    barrier, refused = threading.Barrier(len(people)), []

    def work(who):
        mine = replace(session, study=of, annotator=who)
        assert mine.sheet().version == 0
        barrier.wait()
        try:
            mine.record([put(mine.item, word(mine), who)], base=0)
        except ItemTakenError:
            refused.append(who)

    threads = [threading.Thread(target=work, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 6
    assert {who for _, who in sheets_of(session.store, "dogs")} == {*people} - {*refused}


def test_a_changed_text_cannot_be_marked(session):
    changed = replace(session, item=replace(session.item, text=session.item.text + "!"))
    with pytest.raises(StoreError, match="differs from that"):
        changed.record([put(session.item, word(session))], base=0)


def test_comments_on_the_study_are_separate_from_its_sheets(session, store):
    comment_on_study(store, session.study, "ann", " Are numbers facts? ")
    comment_on_study(store, session.study, "ann", "And dates?")
    assert study_comments(store, "dogs") == [("ann", "Are numbers facts?"), ("ann", "And dates?")]
    assert sheets_of(store, "dogs") == {}
    with pytest.raises(InputError, match="empty"):
        comment_on_study(store, session.study, "ann", "  ")
