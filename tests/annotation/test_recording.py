"""The desk: checked, stored, acknowledged; conflicts and hand-overs told."""

from dataclasses import replace

import pytest
from example_studies import event, items, put, study

from itlim.annotation.recording import Desk, comment_on_study, sheets_of, study_comments
from itlim.errors import ConflictError, InputError, StoreError
from itlim.records import SheetStatus
from itlim.store.claims import claim_next, claim_states
from itlim.store.connection import Store
from itlim.store.studies import create_study, load_item


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


@pytest.fixture
def desk(store):
    of = study(annotators_per_item=1)
    create_study(store, of, items(of), by="ann")
    item_id = claim_next(store, of, "ann")
    return Desk(store=store, study=of, item=load_item(store, "dogs", item_id), annotator="ann")


def word(desk):
    return desk.item.text.split()[-1]


def test_what_was_recorded_is_there_in_a_new_process(desk, tmp_path):
    sheet = desk.record([put(desk.item, word(desk))], base=0)
    assert [mark.quote for mark in sheet.marks] == [word(desk)]
    desk.store.close()
    with Store(tmp_path / "x.duckdb") as again:
        assert replace(desk, store=again).sheet() == sheet


def test_submitting_closes_the_claim(desk):
    sheet = desk.record([event("submit", desk.item, nothing_wrong=True)], base=0)
    assert sheet.status is SheetStatus.SUBMITTED
    assert claim_states(desk.store, "dogs")[desk.item.item_id, "ann"] == "submitted"
    assert sheets_of(desk.store, "dogs") == {(desk.item.item_id, "ann"): sheet}


def test_one_wrong_edit_keeps_all_of_its_message_out(desk):
    edits = [put(desk.item, word(desk)), event("delete_mark", desk.item, id="m9")]
    with pytest.raises(InputError, match="no mark 'm9'"):
        desk.record(edits, base=0)
    assert desk.sheet().version == 0


def test_a_second_tab_gets_a_conflict_not_an_overwrite(desk):
    desk.record([put(desk.item, word(desk))], base=0)
    with pytest.raises(ConflictError, match="changed elsewhere"):
        desk.record([event("flag", desk.item, reason="x")], base=0)
    assert len(desk.sheet().marks) == 1


def test_sending_a_submission_again_is_fine(desk):
    sent = [put(desk.item, word(desk)), event("submit", desk.item, nothing_wrong=False)]
    assert desk.record(sent, base=0) == desk.record(sent, base=0)


def test_an_edit_of_somebody_else_is_refused(desk):
    with pytest.raises(InputError, match="desk of 'ann'"):
        desk.record([put(desk.item, word(desk), "bea")], base=0)


def test_an_item_handed_on_takes_no_edit_but_keeps_the_work(desk, store):
    desk.record([put(desk.item, word(desk))], base=0)
    with store.writing() as cursor:
        cursor.execute("UPDATE claims SET seen_at = '2020-01-01', state = 'released'")
    assert claim_next(store, desk.study, "bea") == desk.item.item_id
    with pytest.raises(ConflictError, match="is kept"):
        desk.record([event("flag", desk.item, reason="x")], base=1)
    assert len(desk.sheet().marks) == 1


def test_a_changed_text_is_not_marked(desk):
    changed = replace(desk, item=replace(desk.item, text=desk.item.text + "!"))
    with pytest.raises(StoreError, match="not the one"):
        changed.record([put(desk.item, word(desk))], base=0)


def test_comments_on_the_study_are_kept_apart_from_its_sheets(desk, store):
    comment_on_study(store, desk.study, "ann", " Are numbers facts? ")
    comment_on_study(store, desk.study, "ann", "And dates?")
    assert study_comments(store, "dogs") == [("ann", "Are numbers facts?"), ("ann", "And dates?")]
    assert sheets_of(store, "dogs") == {}
    with pytest.raises(InputError, match="empty"):
        comment_on_study(store, desk.study, "ann", "  ")
