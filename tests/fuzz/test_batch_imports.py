"""The import of a batch's archive, with broken variants of each of its files."""

import hashlib
import io
import json
import shutil
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_ratings import rating, ratings_table
from example_runs import example_response, example_run
from hypothesis import given

from itlim.batch.exchange import export_runs, import_output, unpack
from itlim.batch.manifest import read_manifest, write_manifest
from itlim.batch.output import write_table
from itlim.batch.output_checks import check_output
from itlim.export import exported_run, run_to_json
from itlim.schema import RUN_TAGS
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.runs import delete_runs, load_run, save_run
from tests.fuzz.hostile_bytes import check, fuzzed, json_variants, variants, with_changes, written

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]
TABLES = ("runs.parquet", "token_shifts.parquet", "tags.parquet", "judge_ratings.parquet")


@pytest.fixture(scope="module")
def output(folder):
    """The files of a valid output of a batch, and its rows as JSON has them."""
    with Store(folder / "source.duckdb") as store:
        save_run(store, run := example_run())
        save_run(store, example_response())
        save_ratings(store, ratings_table(rating(run.run_id, depth=4)))
        export_runs(store, folder / "valid")
    tags = pa.Table.from_pylist([{"run_id": run.run_id, "item": "1"}], schema=RUN_TAGS)
    write_table(folder / "valid", "tags.parquet", tags)
    write_manifest(folder / "valid", read_manifest(folder / "valid") | {"files": {}})
    return folder / "valid"


def table_variants(path):
    """Strategy: broken variants of a Parquet file, by its values and by its bytes."""
    table = pq.read_table(path)
    nullable = pa.schema([field.with_nullable(True) for field in table.schema])

    def dumped(rows):
        sink = io.BytesIO()
        for schema in (nullable, None):
            try:
                pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
                return sink.getvalue()
            except (
                ArithmeticError,
                LookupError,
                TypeError,
                ValueError,
                AttributeError,
                pa.ArrowException,
            ):
                sink = io.BytesIO()
        return json.dumps(rows, default=str).encode()

    return with_changes(table.to_pylist()).map(dumped) | variants(path.read_bytes())


@pytest.mark.parametrize("name", TABLES)
def test_imports_of_batches(folder, output, name):
    place = folder / f"import-{name}"
    stated = read_manifest(output)
    with Store(folder / f"{name}.duckdb") as store:

        def imported():
            unpack(folder / "batch.zip", place)
            import_output(store, place)
            runs = [
                load_run(store, row["run_id"])
                for row in pq.read_table(place / "runs.parquet").to_pylist()
            ]
            delete_runs(store, [run.run_id for run in runs])
            for run in runs:
                assert run_to_json(exported_run(run_to_json(run).encode())) == run_to_json(run)

        @fuzzed
        @given(table_variants(output / name))
        def run(content):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            contents = {one.name: one.read_bytes() for one in output.glob("*.parquet")}
            contents[name] = content
            files = {
                key: {"sha256": hashlib.sha256(value).hexdigest()}
                for key, value in contents.items()
            }
            contents["manifest.json"] = json.dumps(stated | {"files": files}).encode()
            with zipfile.ZipFile(folder / "batch.zip", "w") as archive:
                for key, value in contents.items():
                    archive.writestr(key, value)
            check(imported)

        run()


def test_manifests_of_batches(folder):
    valid = {
        "format": "itlim-batch/1",
        "complete": True,
        "files": {"runs.parquet": {"n_rows": 1, "sha256": "0"}},
        "pairs": [{"name": "p", "base_hash": "b", "tuned_hash": "t"}],
        "settings": {"max_new_tokens": 128, "top_k": 10},
    }

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        written(folder, "manifest.json", content)
        check(lambda: read_manifest(folder))
        check(lambda: check_output(folder))

    run()


def test_archives_of_batches(folder):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/manifest.json", "{}")
        archive.writestr("../runs.parquet", b"x" * 3000)

    @fuzzed
    @given(variants(sink.getvalue()))
    def run(content):
        out = folder / "unpacked"
        out.mkdir(exist_ok=True)
        path = written(folder, "batch.zip", content)
        check(lambda: unpack(path, out, max_bytes=10**6))

    run()
