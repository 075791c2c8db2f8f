"""Answers and marks from the database: known answers before people's marks, never pooled."""

from dataclasses import replace

import pytest
from marked_studies import database, featured, made, work

from itlim.annotation.adjudication import FINAL
from itlim.annotation.recording import AnnotationSession
from itlim.errors import NotFoundError
from itlim.findings.answers import GOLD, PEOPLE, read_folder
from itlim.findings.kept import findings_key, load_kept
from itlim.findings.stored import people_marks, read_store
from itlim.library import load_library
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs
from itlim.store.studies import load_study
from itlim.trace import open_index
from tests.example_studies import event

NAME, PART = "Tony and Maureen Wheeler", "Maureen Wheeler"
FAMILIES = load_library().families


@pytest.fixture
def one_item(home):
    """The item of a study of the featured answer."""
    (item,) = made(home, featured_only=True, people={"zoe": "adjudicator", "*": "annotator"})
    return item


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    return tmp_path


def judged(store, item, who, span, instance, verdict, retriever="tracer"):
    session = AnnotationSession(
        store=store, study=load_study(store, "dogs"), item=item, annotator=who
    )
    payload = {"span_id": span, "instance_id": instance, "verdict": verdict}
    one = event("judge", item, who, **payload, retriever=retriever, rank=1, rationale="")
    session.record([replace(one, study_id="dogs")], base=session.sheet().version)


def spans(store):
    text = "Toyota was founded by Tony and Maureen Wheeler."
    marks = people_marks(store).get(featured(), ())
    return {text[mark.start : mark.stop]: mark for mark in marks}


def test_what_anybody_marked_counts_once_and_an_adjudicated_item_has_its_final_spans(
    home, one_item
):
    with database(home) as store:
        work(store, one_item, "ann", (NAME, "not_factual"))
        work(store, one_item, "bea", (NAME, "not_factual"), (PART, "not_factual"))
        assert set(spans(store)) == {NAME, PART}
        work(store, one_item, FINAL, (PART, "not_factual"))
        assert set(spans(store)) == {PART}


def test_a_judgment_counts_for_its_span_but_one_of_a_decoy_does_not(home, one_item):
    with database(home) as store:
        work(store, one_item, "ann", (NAME, "not_factual"), (PART, "not_factual"))
        judged(store, one_item, "ann", "ann-0", "demo-156", "causal")
        judged(store, one_item, "ann", "ann-1", "demo-9", "causal", retriever="decoy")
        found = spans(store)
        assert (found[NAME].cause, found[NAME].is_judged) == ("demo-156", True)
        assert (found[PART].cause, found[PART].is_judged) == (None, False)


def test_a_mark_does_not_replace_known_answers_and_is_not_pooled_with_them(home, one_item):
    gold = [family.gold for family in FAMILIES.values()]
    with database(home) as store:
        before = read_store(store, "demo-sft", gold=gold)
        assert before.marks_from == GOLD
        assert sum(len(one.marks) for one in before.answers) > 100
        work(store, one_item, "ann", (NAME, "not_factual"))
        assert read_store(store, "demo-sft", gold=gold).marks_from == GOLD
        assert read_store(store, "demo-sft").marks_from == PEOPLE, "without known answers"
        after = read_store(store, "demo-sft", gold=gold, marks_from=PEOPLE)
        assert sum(len(one.marks) for one in after.answers) == 1
        again = read_store(store, "demo-sft", gold=gold, marks_from=GOLD)
        assert findings_key(again) == findings_key(before)
        with pytest.raises(NotFoundError, match="no answer of 'nobody'"):
            read_store(store, "nobody")


def test_the_findings_that_ship_are_those_of_a_new_database(home):
    gold = [family.gold for family in FAMILIES.values()]
    with Store(home / "itlim.duckdb") as store:
        load_shipped_runs(store, [family.runs for family in FAMILIES.values()])
        for name, family in (("demo-sft", "demo"), ("demo-lft", "demo"), ("real-sft", "real")):
            stored = read_store(store, name, gold=gold)
            folder = read_folder(FAMILIES[family].runs, name)
            assert findings_key(stored) == findings_key(folder)
        index = open_index(FAMILIES["real"].folder / "index")
        for name in ("real-sft", "real-lft"):
            key = findings_key(read_store(store, name, index, gold=gold))
            found = load_kept([FAMILIES["real"].findings], key)
            assert found is not None, "run `itlim findings --runs … --keep …` again"
            assert {one.pair for one in found} == {name}
