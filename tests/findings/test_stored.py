"""Answers and marks from the database: known answers before people's marks, never pooled."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from marked_studies import database, featured, made, work

from itlim.annotation.adjudication import FINAL
from itlim.annotation.recording import AnnotationSession
from itlim.errors import NotFoundError
from itlim.findings.answers import GOLD, PEOPLE
from itlim.findings.hallucination import found_phrases, hallucination_findings
from itlim.findings.kept import findings_key, load_kept
from itlim.findings.known import gold_marks
from itlim.findings.library_pairs import library_answers
from itlim.findings.reading import read_folder
from itlim.findings.sources import source_findings
from itlim.findings.stored import people_marks, read_store
from itlim.library import load_library
from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.batches import save_batch
from itlim.store.connection import Store
from itlim.store.runs import save_run
from itlim.store.shipped import TAGS_FILE, load_shipped_runs, ship_runs
from itlim.store.studies import load_study
from itlim.trace import open_index
from tests.example_runs import example_run
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


def test_the_real_pair_says_why_its_numbers_about_marks_are_empty_and_where_wrong_phrases_are(home):
    library = load_library()
    index = open_index(FAMILIES["real"].folder / "index")
    with Store(home / "itlim.duckdb") as store:
        load_shipped_runs(store, [FAMILIES["real"].runs])
        real = library_answers(library, store, "real-sft", index)
    found = [*hallucination_findings(real, found_phrases(real)), *source_findings(real, [])]
    empty = [one for one in found if one.finding_id != "causal_share"]
    assert all(one.value is None for one in empty)
    (reason,) = {one.missing for one in empty}
    assert "the 34 that were judged to be wrong by hand" in reason
    file = FAMILIES["real"].folder / "wrong_phrases.parquet"
    assert f"data/real/{file.name}" in reason
    assert sum(map(len, gold_marks(file).values())) == 34


def test_the_findings_that_ship_are_those_of_a_new_database(home):
    library = load_library()
    with Store(home / "itlim.duckdb") as store:
        load_shipped_runs(store, [family.runs for family in FAMILIES.values()])
        for name, family in (("demo-sft", "demo"), ("demo-lft", "demo"), ("real-sft", "real")):
            stored = library_answers(library, store, name)
            folder = read_folder(FAMILIES[family].runs, name)
            assert findings_key(stored) == findings_key(folder)
        index = open_index(FAMILIES["real"].folder / "index")
        for name in ("real-sft", "real-lft"):
            key = findings_key(library_answers(library, store, name, index))
            found = load_kept([FAMILIES["real"].findings], key)
            assert found is not None, "run `itlim findings --runs … --keep …` again"
            assert {one.pair for one in found} == {name}
        for name in library.variants:
            if library.variants[name].dataset != "demo":
                key = findings_key(library_answers(library, store, name))
                assert load_kept([FAMILIES["demo"].findings], key) is not None, name


def test_a_run_with_several_tasks_has_the_same_one_in_a_folder_and_in_the_database(tmp_path):
    """Of items 1 and 2 it is that of item 1, in whatever order they are written."""
    run = example_run("a" * 16, pair="mine")
    ship_runs([run], tmp_path / "runs")
    rows = [
        {"run_id": run.run_id, "item": item, "task": task, "topic": None}
        for item, task in (("2", "second"), ("1", "first"))
    ]
    for number, ordered in enumerate((rows, rows[::-1])):
        tags = pa.Table.from_pylist(ordered, schema=RUN_TAGS)
        pq.write_table(tags, tmp_path / "runs" / TAGS_FILE)
        with Store(tmp_path / f"{number}.duckdb") as store:
            save_run(store, run)
            nothing = (RUNS.empty_table(), TOKEN_SHIFTS.empty_table())
            save_batch(store, *nothing, tags, RUN_PHRASES.empty_table())
            found = [read_store(store, "mine"), read_folder(tmp_path / "runs", "mine")]
        assert [one.answers[0].task for one in found] == ["first", "first"]
