import duckdb
import pyarrow as pa
import pytest
from example_retrainings import experiment
from example_runs import example_response, example_run
from example_studies import items, study

from itlim.errors import StoreError
from itlim.store import migrations
from itlim.store.batches import TABLES
from itlim.store.connection import Store
from itlim.store.migrations import Migration, migrate, shipped_migrations
from itlim.store.retrainings import retrainings_of_run, save_retraining
from itlim.store.runs import load_run, save_run
from itlim.store.studies import create_study, items_of, list_studies


def _as_stored(kind: pa.DataType) -> pa.DataType:
    # UTC times are stored without a zone; list items are nullable in DuckDB.
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return pa.list_(pa.struct([(f.name, f.type) for f in kind.value_type]))
    return kind


@pytest.mark.parametrize(("table", "schema"), TABLES.items())
def test_tables_have_the_columns_of_their_schema_in_order(tmp_path, table, schema):
    with Store(tmp_path / "itlim.duckdb") as store, store.reading() as cursor:
        stored = cursor.sql(f"SELECT * FROM {table}").to_arrow_table().schema
        nullable = dict(
            cursor.execute(
                "SELECT column_name, is_nullable FROM information_schema.columns "
                "WHERE table_name = ?",
                [table],
            ).fetchall()
        )
    assert stored.names == schema.names
    for field in schema:
        assert nullable[field.name] == ("YES" if field.nullable else "NO"), field.name
        assert _as_stored(field.type) == stored.field(field.name).type


def test_numbers_are_consecutive_from_one():
    assert [step.number for step in shipped_migrations()] == list(
        range(1, len(shipped_migrations()) + 1)
    )


def test_migrating_twice_applies_each_step_once(tmp_path):
    connection = duckdb.connect(str(tmp_path / "x.duckdb"))
    migrate(connection)
    migrate(connection)
    count = connection.execute("SELECT count(*) FROM schema_migrations").fetchone()[0]
    assert count == len(shipped_migrations())


def test_a_newer_database_is_rejected(tmp_path):
    connection = duckdb.connect(str(tmp_path / "x.duckdb"))
    migrate(connection)
    connection.execute("INSERT INTO schema_migrations (number, name) VALUES (9999, 'future')")
    with pytest.raises(StoreError, match="schema 9999"):
        migrate(connection)


def test_a_failing_step_leaves_the_last_complete_one(tmp_path, monkeypatch):
    connection = duckdb.connect(str(tmp_path / "x.duckdb"))
    migrate(connection)
    bad = Migration(9998, "9998_bad.sql", "CREATE TABLE half (a INTEGER); SELECT nonsense;")
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: [*shipped_migrations(), bad])
    with pytest.raises(duckdb.Error):
        migrate(connection)
    tables = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    assert "half" not in tables


@pytest.fixture
def first_schema(tmp_path, monkeypatch):
    """A database of the first itlim: migration 0001 only, with one run."""
    path = tmp_path / "old.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "shipped_migrations", lambda: shipped_migrations()[:1])
        with Store(path) as store:
            save_run(store, example_run())
    return path


def tables_of(store):
    with store.reading() as cursor:
        return {row[0] for row in cursor.execute("SHOW TABLES").fetchall()}


def test_a_database_of_the_first_schema_gets_all_new_tables_and_keeps_its_runs(
    first_schema, tmp_path
):
    with Store(tmp_path / "new.duckdb") as new:
        expected = tables_of(new)
    with Store(first_schema) as opened:
        assert tables_of(opened) == expected
        assert {"annotation_events", "claims", "study_items", "study_versions"} <= expected
        kept = load_run(opened, example_run().run_id)
        assert kept.row() == example_run().row()
        assert kept.tokens.equals(example_run().tokens)


def test_a_database_of_the_first_schema_takes_a_study(first_schema):
    with Store(first_schema) as opened:
        create_study(opened, study(), items(study()), by="ann")
        assert len(items_of(opened, "dogs")) == len(items(study()))
    with Store(first_schema) as again:
        assert [one.study_id for one in list_studies(again)] == ["dogs"]
        assert load_run(again, example_run().run_id) is not None


@pytest.fixture(params=range(1, len(shipped_migrations())))
def earlier(request, tmp_path, monkeypatch):
    """A database of each earlier schema, with one run."""
    path = tmp_path / f"schema-{request.param}.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(
            migrations, "shipped_migrations", lambda: shipped_migrations()[: request.param]
        )
        with Store(path) as store:
            save_run(store, example_run())
    return path


def test_a_database_of_every_earlier_schema_keeps_its_runs_and_takes_a_retraining(
    earlier, tmp_path
):
    with Store(tmp_path / "new.duckdb") as new:
        expected = tables_of(new)
    with Store(earlier) as opened:
        assert tables_of(opened) == expected
        assert load_run(opened, example_run().run_id).row() == example_run().row()
        save_retraining(opened, experiment())
    with Store(earlier) as again:
        (kept,) = retrainings_of_run(again, example_run().run_id)
        assert kept.question == experiment().question


def test_a_database_of_every_earlier_schema_takes_an_answer_without_models(earlier):
    with Store(earlier) as opened:
        save_run(opened, example_response())
    with Store(earlier) as again:
        assert load_run(again, example_response().run_id) == example_response()
        assert load_run(again, example_run().run_id).row() == example_run().row()
