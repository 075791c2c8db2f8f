"""The output of a batch goes into the database and comes out as it was."""

import json
import shutil
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_cases import QUESTIONS, answered, asked, rows_of, tiny_pair

from itlim.batch.exchange import export_runs, import_output, pack, unpack
from itlim.batch.manifest import MANIFEST_FILE, files_of, read_manifest, write_manifest
from itlim.batch.output import FILES, write_table
from itlim.errors import InputError, NotFoundError
from itlim.ids import file_sha256
from itlim.schema import RUN_PHRASES, RUN_TAGS
from itlim.store.batches import TABLES
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.runs import count_runs, delete_runs, load_run, save_responses, save_run
from tests.example_ratings import rating, ratings_table
from tests.example_runs import example_response, example_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An output with tags, and with a phrase for one of its runs."""
    folder = tmp_path_factory.mktemp("made")
    file = asked(folder, QUESTIONS, task=[*"aabbccd"], topic=[None, *"uvwxyz"])
    out = folder / "out"
    answered([tiny_pair(folder / "pair")], file, out)
    run_ids = sorted(row["run_id"] for row in rows_of(out, "runs.parquet"))
    rows = [
        {"run_id": run_ids[0], "dataset": "toy", "span_start": 1, "span_stop": 4, "nats": 2.5,
         "span_text": "he ", "null_p": 0.25, "n_choices": 2, "instance_id": "toy-7"},
        {"run_id": run_ids[1], "dataset": "toy"},
    ]  # fmt: skip
    write_table(out, "phrases.parquet", pa.Table.from_pylist(rows, schema=RUN_PHRASES))
    write_table(out, "judge_ratings.parquet", ratings_table(rating(run_ids[0], depth=4)))
    write_manifest(out, read_manifest(out) | {"files": files_of(out)})
    return out


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def test_import_then_export_gives_the_same_tables(made, store, tmp_path):
    assert import_output(store, made) == len(QUESTIONS)
    assert export_runs(store, tmp_path / "again") == len(QUESTIONS)
    for name, schema in FILES.items():
        assert pq.read_schema(tmp_path / "again" / name).equals(schema)
        assert rows_of(tmp_path / "again", name) == rows_of(made, name)
    with Store(tmp_path / "other.duckdb") as other:
        assert import_output(other, tmp_path / "again") == len(QUESTIONS)


def test_an_export_without_ratings_has_the_files_that_earlier_versions_know(store, tmp_path):
    save_run(store, example_run())
    export_runs(store, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {*FILES, MANIFEST_FILE} - {"judge_ratings.parquet"}


def test_importing_twice_changes_nothing_and_keeps_other_runs(made, store):
    save_run(store, example_run())
    import_output(store, made)
    assert import_output(store, made) == 0
    assert count_runs(store) == len(QUESTIONS) + 1
    row = rows_of(made, "runs.parquet")[0]
    loaded = load_run(store, row["run_id"])
    assert loaded.response == row["response"] == "".join(loaded.tokens["text"].to_pylist())


def test_only_the_runs_of_the_chosen_pairs_are_exported(made, store, tmp_path):
    save_run(store, example_run())
    import_output(store, made)
    assert export_runs(store, tmp_path / "one", ["demo-sft"]) == 1
    assert rows_of(tmp_path / "one", "tags.parquet") == []
    with pytest.raises(NotFoundError, match="no run of demo-lft"):
        export_runs(store, tmp_path / "none", ["demo-lft"])
    with pytest.raises(InputError, match="not empty"):
        export_runs(store, tmp_path / "one", ["demo-sft"])


def test_answers_that_were_imported_without_models_are_exported_and_imported_again(store, tmp_path):
    save_responses(store, [answer := example_response()])
    assert export_runs(store, tmp_path / "out") == 1
    with Store(tmp_path / "other.duckdb") as other:
        assert import_output(other, tmp_path / "out") == 1
        assert load_run(other, answer.run_id) == answer


def test_deleting_a_run_deletes_its_tags_and_phrases(made, store):
    import_output(store, made)
    gone = sorted(row["run_id"] for row in rows_of(made, "runs.parquet"))[:2]
    assert delete_runs(store, gone) == 2
    with store.reading() as cursor:
        for table in TABLES:
            found = cursor.execute(f"SELECT DISTINCT run_id FROM {table}").fetchall()
            assert not {row[0] for row in found} & set(gone), table


def test_a_changed_missing_or_incomplete_output_is_rejected(made, store, tmp_path):
    def copy(name):
        folder = tmp_path / name
        folder.mkdir()
        for path in made.glob("*.*"):
            (folder / path.name).write_bytes(path.read_bytes())
        return folder

    changed = copy("changed")
    (changed / "tags.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"tags\.parquet is not the file"):
        import_output(store, changed)
    lacking = copy("lacking")
    (lacking / "token_shifts.parquet").unlink()
    with pytest.raises(InputError, match=r"token_shifts\.parquet is not the file"):
        import_output(store, lacking)
    stopped = copy("stopped")
    write_manifest(stopped, read_manifest(made) | {"complete": False})
    with pytest.raises(InputError, match="not complete"):
        import_output(store, stopped)
    with pytest.raises(InputError, match=r"no manifest\.json"):
        import_output(store, tmp_path)
    hostile = copy("hostile")
    write_manifest(hostile, {"complete": True, "files": {"../x": {"sha256": ""}}})
    with pytest.raises(InputError, match="which is not of a batch"):
        import_output(store, hostile)
    assert count_runs(store) == 0


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """An output of a measured and an imported answer, with rows in every table."""
    folder = tmp_path_factory.mktemp("valid")
    measured, imported = example_run(), example_response()
    with Store(folder / "source.duckdb") as store:
        save_run(store, measured)
        save_responses(store, [imported])
        save_ratings(store, ratings_table(rating(measured.run_id, depth=4)))
        export_runs(store, folder / "out")
    rows = [{"run_id": measured.run_id, "item": "1"}, {"run_id": imported.run_id, "item": "2"}]
    write_table(folder / "out", "tags.parquet", pa.Table.from_pylist(rows, schema=RUN_TAGS))
    rows = [{"run_id": measured.run_id, "dataset": "toy", "span_start": 1, "span_stop": 4}]
    write_table(folder / "out", "phrases.parquet", pa.Table.from_pylist(rows, schema=RUN_PHRASES))
    return folder / "out"


def changed_output(valid, folder, name, change=lambda rows: rows):
    """A copy in which the rows of a table were changed, with a manifest that fits."""
    out = shutil.copytree(valid, folder / "out")
    table = pq.read_table(out / name)
    # The measured run comes first.
    rows = sorted(table.to_pylist(), key=lambda row: (row["run_id"], row.get("position")))
    change(rows)
    schema = pa.schema([field.with_nullable(True) for field in table.schema])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out / name)
    write_manifest(out, read_manifest(out) | {"files": files_of(out)})
    return out


CHANGES = [
    ("runs", lambda rows: rows[0].update(prompt=None), "prompt is null"),
    ("runs", lambda rows: rows[0].update(response=None), "'response' with null"),
    ("runs", lambda rows: rows[0].update(tuned_model=None), "tuned_model is null"),
    ("runs", lambda rows: rows[0].update(shifted_above=None), "shifted_above is null"),
    ("runs", lambda rows: rows[0].update(tuning="x"), "expected one of none, full, adapter"),
    ("runs", lambda rows: rows[0].update(response="Else."), "differ from the response"),
    ("runs", lambda rows: rows[1].update(tuning="full"), "expected null, because base_hash is"),
    ("runs", lambda rows: rows[1].update(response="Else."), "The texts are not those of run"),
    ("runs", lambda rows: rows.append(rows[0]), "is there twice"),
    ("token_shifts", lambda rows: rows[2].update(js=None), "'js' with null"),
    ("token_shifts", lambda rows: rows[2].update(js=float("nan")), "js is nan"),
    ("token_shifts", lambda rows: rows.pop(1), "0 to 6 in order"),
    ("token_shifts", lambda rows: rows.reverse(), "0 to 7 in order"),
    ("token_shifts", lambda rows: rows.clear(), "differ from the response"),
    ("tags", lambda rows: rows.append(rows[0]), "is there twice"),
    ("tags", lambda rows: rows[0].update(run_id="gone"), "expected one of runs.parquet"),
    ("phrases", lambda rows: rows[0].update(null_p=2.0), "expected a number from 0 to 1"),
    ("phrases", lambda rows: rows[0].update(span_stop=None), "expected places in its response"),
    ("judge_ratings", lambda rows: rows[0].update(depth=9), "expected a number from 1 to 5"),
    ("judge_ratings", lambda rows: rows[0].update(status="failed"), "has scores, but"),
]


@pytest.mark.parametrize(("name", "change", "message"), CHANGES)
def test_a_table_with_a_value_that_itlim_never_writes_is_rejected_as_a_whole(
    valid, store, tmp_path, name, change, message
):
    out = changed_output(valid, tmp_path, f"{name}.parquet", change)
    with pytest.raises(InputError, match=rf"\.parquet.*{message}"):
        import_output(store, out)
    assert count_runs(store) == 0


def test_the_output_of_these_tests_is_accepted_unchanged(valid, store, tmp_path):
    assert import_output(store, changed_output(valid, tmp_path, "runs.parquet")) == 2


@pytest.mark.parametrize("files", [None, [], {"runs.parquet": 1}, {"runs.parquet": {}}])
def test_a_manifest_whose_list_of_files_is_damaged_is_rejected(valid, store, tmp_path, files):
    out = changed_output(valid, tmp_path, "runs.parquet")
    write_manifest(out, read_manifest(out) | {"files": files})
    with pytest.raises(InputError, match="is damaged: files is"):
        import_output(store, out)


def test_a_table_that_is_no_parquet_or_another_table_is_rejected(valid, store, tmp_path):
    out = changed_output(valid, tmp_path, "runs.parquet")
    pq.write_table(pa.table({"run_id": ["x"]}), out / "tags.parquet")
    write_manifest(out, read_manifest(out) | {"files": files_of(out)})
    with pytest.raises(InputError, match=r"tags\.parquet: The columns are not those of a batch"):
        import_output(store, out)
    (out / "tags.parquet").write_bytes(b"PAR1 nonsense PAR1")
    stated = read_manifest(out)["files"] | {
        "tags.parquet": {"sha256": file_sha256(out / "tags.parquet")}
    }
    write_manifest(out, read_manifest(out) | {"files": stated})
    with pytest.raises(InputError, match=r"tags\.parquet cannot be read"):
        import_output(store, out)


def test_an_archive_holds_the_output_and_writes_nothing_outside_its_folder(made, tmp_path):
    pack(made, tmp_path / "batch.zip")
    with zipfile.ZipFile(tmp_path / "batch.zip", "a") as archive:
        archive.writestr("../../escaped.txt", "x")
    folder = tmp_path / "unpacked" / "inner"
    folder.mkdir(parents=True)
    unpack(tmp_path / "batch.zip", folder)
    assert {path.name for path in folder.iterdir()} == {*FILES, MANIFEST_FILE}
    assert not [*tmp_path.rglob("escaped.txt")]
    (tmp_path / "no.zip").write_bytes(b"text")
    with pytest.raises(InputError, match="not a ZIP archive"):
        unpack(tmp_path / "no.zip", folder)


def test_an_archive_that_unpacks_to_too_much_or_cannot_be_read_is_rejected(tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("runs.parquet", bytes(10**7))
    assert bomb.stat().st_size < 20_000
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes"):
        unpack(bomb, folder, max_bytes=10**6)
    assert sum(one.stat().st_size for one in folder.iterdir()) <= 10**6
    content = bytearray(bomb.read_bytes())
    content[60:80] = b"x" * 20
    bomb.write_bytes(content)
    with pytest.raises(InputError, match="not a ZIP archive"):
        unpack(bomb, folder)


def test_the_commands_import_and_export(made, tmp_path, itlim):
    database = tmp_path / "x.duckdb"
    code, out, _ = itlim("runs", "import", made, "--db", database)
    assert (code, out.strip()) == (0, f"{made}: {len(QUESTIONS)} new runs")
    code, out, _ = itlim("runs", "export", "--out", tmp_path / "again", "--db", database)
    assert (code, out.strip()) == (0, f"{tmp_path / 'again'}: {len(QUESTIONS)} runs")
    assert json.loads((tmp_path / "again" / MANIFEST_FILE).read_text())["complete"]
    assert itlim("runs", "import", tmp_path, "--db", database)[0] == 2
