"""After kill -9 while marking, acknowledged edits are stored once and versions have no gaps."""

import random
import subprocess
import sys
import time

import pytest
from example_studies import item, study
from servers import ROOT

from itlim.annotation.protocol import plan_items
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.records import SheetStatus
from itlim.store.annotation_events import events_of
from itlim.store.claims import claim_states
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of, load_study

MARK_FOREVER = """
import itertools, pathlib, sys, uuid
from itlim.annotation.recording import AnnotationSession
from itlim.records import AnnotationEvent, EventKind
from itlim.store.annotation_events import events_of
from itlim.store.queue import next_item
from itlim.store.connection import Store
from itlim.store.studies import load_item, load_study
store = Store(pathlib.Path(sys.argv[1]))
of = load_study(store, "dogs")
while True:
    session = AnnotationSession(store=store, study=of, annotator="ann",
                item=load_item(store, "dogs", next_item(store, of, "ann")))
    word = session.item.text.split()[0]
    for number in range(6):
        if number < 5:
            kind, payload = EventKind.PUT_MARK, dict(
                id=f"m{number}", start=0, stop=len(word), quote=word, label="not_factual")
        else:
            kind, payload = EventKind.SUBMIT, dict(nothing_wrong=False)
        event = AnnotationEvent(
            event_id=uuid.uuid4().hex, study_id="dogs", item_id=session.item.item_id,
            annotator="ann", kind=kind, payload=payload)
        sheet = session.record([event], base=session.sheet().version).sheet
        print(event.event_id, session.item.item_id, sheet.version, flush=True)
"""


def study_of_many(path):
    of = study(annotators_per_item=1)
    texts = [f"Answer {number} is wrong." for number in range(400)]
    with Store(path) as store:
        create_study(store, of, plan_items([item(text) for text in texts], of), by="ann")


def killed_session(path, seconds):
    """Mark until killed after `seconds`; the acknowledged (event, item, version)."""
    worker = subprocess.Popen(
        [sys.executable, "-c", MARK_FOREVER, str(path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = worker.stdout.readline()
    assert first
    time.sleep(seconds)
    worker.kill()
    rest = worker.stdout.read()
    worker.wait()
    # A line without its end was cut by the kill.
    whole = [first.rstrip("\n"), *rest.split("\n")[:-1]]
    return [tuple(line.split()) for line in whole]


def stored(path):
    """(event, item, version as text) of all edits, in the order of their sheets."""
    with Store(path) as store, store.reading() as cursor:
        rows = cursor.execute(
            "SELECT event_id, item_id, version FROM annotation_events ORDER BY item_id, version"
        ).fetchall()
    return [(event, item_id, str(version)) for event, item_id, version in rows]


def check(path, kills):
    random.seed(11)
    acknowledged = []
    for _ in range(kills):
        acknowledged += killed_session(path, random.uniform(0.0, 0.4))
        kept = stored(path)
        assert set(acknowledged) <= set(kept)
        assert len({event for event, _, _ in kept}) == len(kept)
        versions: dict[str, list[int]] = {}
        for _, item_id, version in kept:
            versions.setdefault(item_id, []).append(int(version))
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
        assert_claims_fit_the_sheets(path)
    assert len(acknowledged) > kills


def assert_claims_fit_the_sheets(path):
    """A submitted sheet is never left in the queue, where it would block its annotator."""
    with Store(path) as store:
        states = claim_states(store, "dogs")
        sheets = sheets_of(store, "dogs")
    assert {key for key, sheet in sheets.items() if sheet.status is SheetStatus.SUBMITTED} == {
        key for key, state in states.items() if state == "submitted"
    }


def test_a_kill_while_marking_loses_no_acknowledged_edit(tmp_path):
    study_of_many(tmp_path / "x.duckdb")
    check(tmp_path / "x.duckdb", kills=2)


@pytest.mark.full
def test_twenty_kills_while_marking_lose_no_acknowledged_edit(tmp_path):
    study_of_many(tmp_path / "x.duckdb")
    check(tmp_path / "x.duckdb", kills=20)


@pytest.mark.full
def test_after_a_kill_the_same_edits_sent_again_are_stored_once(tmp_path):
    path = tmp_path / "x.duckdb"
    study_of_many(path)
    killed_session(path, 0.1)
    before = stored(path)
    with Store(path) as store:
        of = load_study(store, "dogs")
        found = {one.item_id: one for one in items_of(store, "dogs")}
        for (item_id, who), events in events_of(store, "dogs").items():
            session = AnnotationSession(store=store, study=of, item=found[item_id], annotator=who)
            session.record(events, base=0)
    assert stored(path) == before
