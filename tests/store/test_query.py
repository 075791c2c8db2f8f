"""Queries of users: what they can read, and that nothing else can be reached."""

import time

import duckdb
import pytest

from itlim.errors import InputError
from itlim.store.connection import Store
from itlim.store.query import EXAMPLES, VIEWS, data_stamp, export_views, run_query
from itlim.store.runs import delete_runs, save_run
from tests.example_runs import example_run


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("query")
    with Store(folder / "x.duckdb") as store:
        save_run(store, example_run("a" * 16, pair="one"))
        save_run(store, example_run("b" * 16, pair="two"))
        export_views(store, folder / "views.duckdb")
    (folder / "secret.csv").write_text("word\nhidden\n", encoding="utf-8")
    return folder / "views.duckdb"


def test_views_have_one_row_per_answer_and_per_token_without_the_end(exported):
    answers = run_query(exported, "SELECT * FROM answers ORDER BY run_id").rows.to_pylist()
    assert [row["run_id"] for row in answers] == ["a" * 16, "b" * 16]
    tokens = example_run().tokens
    kept = [row for row in tokens.to_pylist() if not row["is_eos"]]
    assert answers[0]["n_tokens"] == len(kept)
    assert len(kept) == tokens.num_rows - 1
    assert answers[0]["mean_kl"] == pytest.approx(
        sum(row["kl_tuned_base"] for row in kept) / len(kept)
    )
    (count,) = run_query(exported, "SELECT count(*) AS n FROM tokens").rows["n"].to_pylist()
    assert count == 2 * len(kept)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs(exported, name):
    run_query(exported, EXAMPLES[name])


def test_rows_beyond_the_limit_are_left_out_and_the_result_says_so(exported):
    sql = "SELECT range AS n FROM range(10)"
    cut = run_query(exported, sql, max_rows=4)
    assert (cut.rows["n"].to_pylist(), cut.is_cut) == ([0, 1, 2, 3], True)
    assert not run_query(exported, sql, max_rows=10).is_cut
    assert run_query(exported, "SELECT 1 AS one WHERE false").rows.num_rows == 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
        "ATTACH '{folder}/x.duckdb' AS other",
        "COPY answers TO '{folder}/stolen.csv'",
        "EXPORT DATABASE '{folder}/stolen'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "CREATE TABLE t AS SELECT 1",
        "DELETE FROM answers",
        "INSERT INTO tags VALUES ('a', 'b', 'c', 'd')",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "SELECT 1; ATTACH ':memory:' AS m",
        "",
        "not sql at all",
        "SELECT * FROM nowhere",
        "SELECT getenv('HOME')",
    ],
)
def test_files_network_settings_and_changes_are_out_of_reach(exported, sql):
    with pytest.raises(InputError, match="Expected one SELECT over the views"):
        run_query(exported, sql.format(folder=exported.parent))
    assert not (exported.parent / "stolen.csv").exists()
    with duckdb.connect(str(exported), read_only=True) as copy:
        assert copy.execute("SELECT count(*) FROM answers").fetchone() == (2,)


def test_an_endless_query_is_killed_at_the_limit(exported):
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"
    started = time.monotonic()
    with pytest.raises(InputError, match="took longer than 2 seconds"):
        run_query(exported, endless, max_seconds=2)
    assert time.monotonic() - started < 30


def test_a_huge_query_ends_at_the_memory_limit(exported):
    huge = "SELECT list(a.range || repeat('x', 1000)) FROM range(3000000) a"
    with pytest.raises(InputError, match=r"views|memory"):
        run_query(exported, huge, memory_mb=64, max_seconds=60)


def test_the_views_are_documented_in_the_readme():
    from itlim.settings import PROJECT_FOLDER

    readme = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")
    for name in VIEWS:
        assert f"`{name}`" in readme


def test_the_stamp_changes_with_the_stored_runs_even_if_their_number_does_not(tmp_path):
    with Store(tmp_path / "x.duckdb") as store:
        empty = data_stamp(store)
        save_run(store, example_run("a" * 16))
        one = data_stamp(store)
        delete_runs(store, ["a" * 16])
        save_run(store, example_run("b" * 16))
        assert len({empty, one, data_stamp(store)}) == 3
        delete_runs(store, ["b" * 16])
        assert data_stamp(store) == empty
