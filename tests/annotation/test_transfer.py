"""Export and import of a study: nothing is lost, duplicated or overwritten."""

from dataclasses import replace

import pytest
from example_studies import TEXTS, event, items, put, study
from exchanged import CAT, row

from itlim.annotation.adjudication import FINAL
from itlim.annotation.agreement.report import as_json
from itlim.annotation.exchange import write_annotations
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.annotation.transfer import import_annotations, report_of_study, rows_of_study
from itlim.records import Judgment, Verdict
from itlim.store.annotation_events import events_of
from itlim.store.claims import claim_states
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of, load_study


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "first.duckdb") as opened:
        yield opened


@pytest.fixture
def other(tmp_path):
    with Store(tmp_path / "second.duckdb") as opened:
        yield opened


@pytest.fixture
def filled(store):
    """Two people, one adjudicator: marks, notes, undo, verdicts, a skip, a flag, an open sheet."""
    of = study()
    create_study(store, of, items(of), by="ann")
    by_text = {item.text: item for item in items_of(store, "dogs")}
    dog, toyota, family, plain = (by_text[text] for text in TEXTS)

    def session(item, who):
        return AnnotationSession(
            store=store, study=of, item=item, annotator=who, is_claimed=who != FINAL
        )

    session(dog, "ann").record(
        [
            put(dog, "Cheshire Cat", note="a novel's"),
            put(dog, "the Cheshire Cat", mark="m2", label="not_useful"),
            put(dog, "🐶", mark="m3"),
            event("undo", dog),
            event("submit", dog, nothing_wrong=False),
            event("reveal", dog),
            event("judge", dog, span_id="m1", instance_id="demo-7", verdict="causal", rank=2,
                  retriever="tracer", score=12.5, rationale="=cats", considered=["demo-1"]),
        ],
        base=0,
    )  # fmt: skip
    session(dog, "bea").record(
        [put(dog, "Cat", "bea"), event("submit", dog, "bea", nothing_wrong=False)], base=0
    )
    session(dog, FINAL).record(
        [put(dog, "Cheshire Cat", FINAL, origin="adjudicated", by="zoe"),
         event("submit", dog, FINAL, nothing_wrong=False, by="zoe")], base=0
    )  # fmt: skip
    session(toyota, "ann").record(
        [put(toyota, "Wheeler.\r\nIt makes cafe\u0301"), event("flag", toyota, reason="odd\n")],
        base=0,
    )
    session(family, "bea").record([event("skip", family, "bea", reason="שלום")], base=0)
    session(plain, "bea").record([event("submit", plain, "bea", nothing_wrong=True)], base=0)
    return store


@pytest.mark.parametrize("format", ["itlim-jsonl", "parquet"])
def test_an_export_that_is_imported_and_exported_again_is_byte_identical(filled, other, format):
    first = write_annotations(rows_of_study(filled, "dogs"), format)
    taken = import_annotations(other, "dogs", first, format, by="ann")
    assert (taken.n_rows, taken.n_items, taken.rejected) == (6, 4, ())
    assert write_annotations(rows_of_study(other, "dogs"), format) == first


def test_importing_the_same_file_again_adds_nothing(filled, other):
    data = write_annotations(rows_of_study(filled, "dogs"), "itlim-jsonl")
    import_annotations(other, "dogs", data, "itlim-jsonl", by="ann")
    again = import_annotations(other, "dogs", data, "itlim-jsonl", by="ann")
    assert (again.n_rows, again.n_items, again.rejected) == (6, 0, ())
    assert again.lines() == ("6 of 6 sheets are already there.",)
    assert write_annotations(rows_of_study(other, "dogs"), "itlim-jsonl") == data


def test_the_ids_of_imported_edits_are_those_of_earlier_versions(store):
    verdict = Judgment(span_id="s1", instance_id="dolly-812", verdict=Verdict.CAUSAL)
    data = write_annotations([row(marks=(CAT,), judgments=(verdict,))], "itlim-jsonl")
    import_annotations(store, "dogs", data, "itlim-jsonl", by="ann")
    (events,) = events_of(store, "dogs").values()
    assert events[0].event_id == "import-8482b412990f92a8ff48a131d8b9e4a7b66e7ce5-0"


def test_only_an_adjudicator_imports_final_spans_into_a_study_that_names_some(filled, other):
    final = [row for row in rows_of_study(filled, "dogs") if row.annotator == FINAL]
    data = write_annotations(final, "itlim-jsonl")
    of = study()
    create_study(other, of, items(of), by="bea")
    refused = import_annotations(other, "dogs", data, "itlim-jsonl", by="ann")
    assert [one.reason for one in refused.rejected] == [
        "these are final spans, which only an adjudicator may import: bea, zoe"
    ]
    assert rows_of_study(other, "dogs") == []
    assert import_annotations(other, "dogs", data, "itlim-jsonl", by="zoe").rejected == ()
    assert rows_of_study(other, "dogs") == final


def test_importing_what_the_study_already_has_says_so_in_one_line(filled):
    rows = rows_of_study(filled, "dogs")
    for format in ("itlim-jsonl", "doccano"):
        data = write_annotations(rows, format)
        taken = import_annotations(filled, "dogs", data, format, by="x")
        assert (taken.n_rows, taken.n_present, taken.rejected) == (6, 6, ()), format
        assert taken.lines() == ("6 of 6 sheets are already there.",)
        assert rows_of_study(filled, "dogs") == rows


def test_an_existing_sheet_is_not_changed_by_an_import(filled):
    rows = rows_of_study(filled, "dogs")
    other = [
        replace(row, marks=(replace(CAT, start=0, stop=1, quote=row.text[0]),)) for row in rows
    ]
    data = write_annotations(other, "itlim-jsonl")
    taken = import_annotations(filled, "dogs", data, "itlim-jsonl", by="x")
    assert (taken.n_rows, len(taken.rejected)) == (0, 6)
    imported, refused = taken.lines()
    assert imported == "0 sheets imported, 0 new responses."
    assert refused.startswith("Rows 1, 2, 3, 4, 5, 6 were not imported: their annotator already")
    assert rows_of_study(filled, "dogs") == rows


def test_rows_with_labels_outside_the_study_are_rejected(filled, store):
    rows = rows_of_study(filled, "dogs")
    create_study(store, study(study_id="cats"), [], by="ann")
    marked = [row for row in rows if row.annotator == "bea" and row.marks]
    data = write_annotations(marked, "itlim-jsonl").replace(b"not_factual", b"rude")
    taken = import_annotations(store, "cats", data, "itlim-jsonl", by="ann")
    assert taken.n_rows == 0
    assert "'rude'" in taken.rejected[0].reason
    new = import_annotations(store, "new", data, "itlim-jsonl", by="ann")
    assert new.n_rows == 1, "a study that is made by the import has the file's labels"
    assert "rude" in [label.name for label in load_study(store, "new").labels]


def test_a_rejected_row_is_numbered_by_its_position_in_the_file(filled, store):
    create_study(store, study(study_id="cats"), [], by="ann")
    rows = [row for row in rows_of_study(filled, "dogs") if row.marks][:3]
    lines = write_annotations(rows, "itlim-jsonl").splitlines(keepends=True)
    # The first is not JSON, the third has a label that the study lacks.
    lines[0], lines[2] = b"{\n", lines[2].replace(b"not_factual", b"rude")
    result = import_annotations(store, "cats", b"".join(lines), "itlim-jsonl", by="ann")
    assert result.n_rows == 1
    assert [one.row_number for one in result.rejected] == [1, 3]
    assert "'rude'" in result.rejected[1].reason


def test_imported_sheets_count_as_claims(filled, other):
    data = write_annotations(rows_of_study(filled, "dogs"), "itlim-jsonl")
    import_annotations(other, "dogs", data, "itlim-jsonl", by="ann")
    states = {(who, str(state)) for (_, who), state in claim_states(other, "dogs").items()}
    assert states == {
        ("ann", "submitted"), ("ann", "released"), ("bea", "submitted"), ("bea", "skipped"),
    }  # fmt: skip


def test_agreement_excludes_the_final_sheet(filled):
    report = as_json(report_of_study(filled, study()))
    assert [one["annotator"] for one in report["annotators"]] == ["ann", "bea"]
    assert (filled_sheets := sheets_of(filled, "dogs"))
    assert any(who == FINAL for _, who in filled_sheets)
