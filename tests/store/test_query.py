"""Queries of users: what they can read, and that nothing else can be reached."""

import json
import subprocess
import sys

import duckdb
import pytest

from itlim.errors import InputError
from itlim.store.connection import Store
from itlim.store.query import EXAMPLES, VIEWS, export_views, run_query
from itlim.store.runs import save_run
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


def test_repeated_column_names_are_numbered(exported):
    sql = "SELECT * FROM answers s JOIN answers l USING (instruction)"
    names = run_query(exported, sql).rows.column_names
    assert {"run_id", "run_id_2", "pair", "pair_2"} <= set(names)
    n_columns = len(run_query(exported, "SELECT * FROM answers").rows.column_names)
    assert len(set(names)) == len(names) == 2 * n_columns - 1
    sql = "SELECT 1 AS a, 2 AS a_2, 3 AS a, 4 AS a"
    (row,) = run_query(exported, sql).rows.to_pylist()
    assert row == {"a": 1, "a_2": 2, "a_3": 3, "a_4": 4}


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
    with pytest.raises(InputError, match="took longer than 2 seconds"):
        run_query(exported, endless, max_seconds=2)


def test_a_huge_query_ends_at_the_memory_limit(exported):
    huge = "SELECT list(a.range || repeat('x', 1000)) FROM range(3000000) a"
    with pytest.raises(InputError, match="needs more than 64 MB of memory"):
        run_query(exported, huge, memory_mb=64, max_seconds=60)


LONG_STRINGS = "SELECT repeat('x', 1000000) AS text FROM range(1500)"
MEASURED = """
import json, resource, sys
from pathlib import Path
from itlim.errors import InputError
from itlim.store.query import run_query
try:
    run_query(Path(sys.argv[1]), sys.argv[2], max_seconds=60)
except InputError as error:
    message = str(error)
# Not ru_maxrss of this process, which starts at the peak of the parent process.
status = Path("/proc/self/status").read_text()
own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
query = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([message, own / 1024, query / 1024]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
def test_long_strings_use_neither_more_memory_than_promised_nor_that_of_the_app(exported):
    """1.5 GB of strings, which DuckDB's memory limit does not count."""
    command = [sys.executable, "-c", MEASURED, str(exported), LONG_STRINGS]
    done = subprocess.run(command, capture_output=True, check=True)
    message, app_mb, query_mb = json.loads(done.stdout)
    assert "needs more than 512 MB of memory" in message
    assert query_mb < 512 + 128, "the program itself has about 100 MB"
    assert app_mb < 300


def test_a_result_beyond_the_byte_limit_says_what_was_received_and_expected(exported):
    sql = "SELECT repeat('x', 1024) AS text FROM range(2000)"
    expected = r"rows have 1\.\d MB; expected at most 1 MB\. Select fewer rows"
    with pytest.raises(InputError, match=expected):
        run_query(exported, sql, max_bytes=1 << 20)
    assert run_query(exported, sql, max_bytes=3 << 20).rows.num_rows == 2000
    # Rows that are left out do not count.
    assert run_query(exported, sql, max_rows=900, max_bytes=1 << 20).is_cut


def test_an_error_whose_text_the_query_chose_is_cut(exported):
    with pytest.raises(InputError) as raised:
        run_query(exported, "SELECT error(repeat('x', 1000000))")
    assert len(str(raised.value)) < 3000


def test_the_views_are_documented_in_the_readme():
    from itlim.settings import PROJECT_FOLDER

    readme = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")
    for name in VIEWS:
        assert f"`{name}`" in readme
