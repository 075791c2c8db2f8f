"""`agreement`, `export` and `import` as a user runs them."""

import json
import subprocess
import sys

import duckdb
import pytest
from example_studies import event, items, put, study
from servers import ROOT

from itlim.annotation.recording import AnnotationSession
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of


@pytest.fixture
def db(tmp_path, monkeypatch):
    """A study in which two people marked one of two responses."""
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    path = tmp_path / "study.duckdb"
    with Store(path) as store:
        of = study()
        create_study(store, of, items(of), by="ann")
        one, two = items_of(store, "dogs")[:2]
        for who, word in (("ann", -1), ("bea", -1)):
            quote = one.text.split()[word]
            for item, edits in (
                (one, [put(one, quote, who), event("submit", one, who, nothing_wrong=False)]),
                (two, [event("submit", two, who, nothing_wrong=True)]),
            ):
                AnnotationSession(store=store, study=of, item=item, annotator=who).record(
                    edits, base=0
                )
    return path


def test_agreement_prints_one_json_object(itlim, db):
    code, out, err = itlim("agreement", "--db", db, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["any_label"]["alpha"]["value"] == 1
    assert found["any_label"]["token_f1"]["value"] == 1
    assert found["positions"]["position_f1"]["value"] == 1
    assert found["positions"]["exact_f1"]["value"] == 1
    assert [one["annotator"] for one in found["annotators"]] == ["ann", "bea"]


def test_agreement_gives_the_reason_for_undefined_figures(itlim, db):
    code, out, _ = itlim("agreement", "--db", db, "--study", "dogs")
    assert code == 0
    assert "undefined: nobody" in out
    assert "α of words, any label" in out
    assert "F1 by position only" in out


@pytest.mark.parametrize("format", ["itlim-jsonl", "parquet"])
def test_an_export_is_unchanged_by_import_and_export(itlim, db, tmp_path, format):
    first, second = tmp_path / "first", tmp_path / "second"
    code, _, err = itlim("export", "--db", db, "--format", format, "--out", first)
    assert (code, "4 sheets" in err) == (0, True)
    new = tmp_path / "new.duckdb"
    code, out, _ = itlim("import", first, "--db", new, "--format", format, "--study", "dogs")
    assert (code, "4 sheets imported, 2 new responses" in out) == (0, True)
    itlim("export", "--db", new, "--format", format, "--out", second)
    assert first.read_bytes() == second.read_bytes()


def test_an_export_states_what_its_format_cannot_represent(itlim, db, tmp_path):
    _, _, err = itlim("export", "--db", db, "--format", "doccano", "--out", tmp_path / "x.jsonl")
    assert "does not contain notes" in err


def test_bad_input_is_one_line(itlim, db, tmp_path):
    (tmp_path / "bad.jsonl").write_text("no json\n")
    for arguments in (
        ("agreement", "--db", db, "--study", "cats"),
        ("import", tmp_path / "absent", "--db", db, "--format", "csv"),
        ("import", tmp_path / "bad.jsonl", "--db", db, "--format", "parquet"),
        ("export", "--db", tmp_path / "empty.duckdb", "--format", "csv"),
    ):
        code, out, err = itlim(*arguments)
        assert code == 2, arguments
        assert out == ""
        assert err.strip()


def test_the_error_for_a_database_in_use_points_to_the_page(db, tmp_path):
    with Store(db):
        done = subprocess.run(
            [sys.executable, "-m", "itlim", "agreement", "--db", str(db), "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "in use by" in done.stderr
    assert "Adjudicate" in done.stderr


def test_one_file_per_annotator_gives_an_agreement(itlim, tmp_path):
    texts = ["Toyota was founded by Guccio Gucci in 1937.", "Emma was written by Jane Eyre."]
    marks = {"ann": [[[22, 34, "wrong"]], [[20, 29, "wrong"]]], "bob": [[[22, 34, "wrong"]], []]}
    files = []
    for name, of_texts in marks.items():
        files.append(tmp_path / "exported" / f"{name}.jsonl")
        files[-1].parent.mkdir(exist_ok=True)
        rows = [
            {"id": n, "text": text, "label": label, "Comments": []}
            for n, (text, label) in enumerate(zip(texts, of_texts, strict=True))
        ]
        files[-1].write_text("\n".join(map(json.dumps, rows)))
    db = tmp_path / "study.duckdb"
    code, out, err = itlim("import", *files, "--format", "doccano", "--db", db)
    assert code == 0
    assert out.count("2 sheets imported") == 2
    assert "Study exported: 2 sheets imported" in out
    assert "Not imported from doccano: relations;" in err
    code, out, _ = itlim("agreement", "--db", db, "--json")
    report = json.loads(out)
    assert [one["annotator"] for one in report["annotators"]] == ["ann", "bob"]
    assert 0 < report["any_label"]["token_f1"]["value"] < 1


def test_a_database_of_another_program_ends_a_command_with_one_line(itlim, tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs (a INTEGER)")
    before = path.read_bytes()
    code, _, err = itlim("agreement", "--db", path)
    assert code == 2
    assert "is the database of another program" in err
    assert path.read_bytes() == before
