"""Peak memory of reading, in a separate process, to detect that a file is loaded whole."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 2**20

READ = """
import resource, sys
from itlim.datasets import open_dataset
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reader = open_dataset(sys.argv[1], "big")
n_rows = sum(batch.num_rows for batch in reader.batches())
# Not ru_maxrss, which starts at the peak of the parent process.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(n_rows, reader.n_bad_rows, before * 1024, peak * 1024)
"""


def text_row(number, words):
    return {"instruction": f"Question {number}?", "input": "", "output": "wörter " * words}


def write_jsonl(path, n_bytes, words):
    n_rows = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < n_bytes:
            file.write(json.dumps(text_row(n_rows, words), ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows


def write_array(path, n_bytes, words):
    """All on one line, as `json.dump` writes it."""
    n_rows = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < n_bytes:
            row = json.dumps(text_row(n_rows, words), ensure_ascii=False)
            file.write(("[" if n_rows == 0 else ", ") + row)
            n_rows += 1
        file.write("]")
    return n_rows


def write_csv(path, n_bytes, words):
    n_rows = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("instruction,output\n")
        while file.tell() < n_bytes:
            file.write(f'Question {n_rows}?,"{"wörter, " * words}"\n')
            n_rows += 1
    return n_rows


def write_parquet(path, n_bytes, words):
    """The worst case: row groups of 128 MiB, uncompressed and without dictionaries."""
    n_rows = 128 * MEBIBYTE // (8 * words)
    columns = {"instruction": [f"Question {n}?" for n in range(n_rows)]}
    columns["output"] = ["wörter " * words] * n_rows
    table = pa.table(columns)
    n_groups = -(-n_bytes // table.nbytes)
    with pq.ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(n_groups):
            writer.write_table(table, row_group_size=n_rows)
    return n_rows * n_groups


def read_apart(path):
    """Rows, bad rows, and peak memory before and while reading, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(number) for number in done.stdout.split()]


WRITERS = [
    ("big.jsonl", write_jsonl),
    ("big.json", write_array),
    ("big.csv", write_csv),
    ("big.parquet", write_parquet),
]


@pytest.mark.full
@pytest.mark.parametrize(("name", "write"), WRITERS[:2])
def test_reading_needs_much_less_memory_than_the_file(tmp_path, name, write):
    path = tmp_path / name
    n_rows = write(path, 144 * MEBIBYTE, 4000)
    read, bad, before, peak = read_apart(path)
    assert (read, bad) == (n_rows, 0)
    assert peak - before < 120 * MEBIBYTE


@pytest.mark.full
@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_a_file_of_half_a_gigabyte_needs_less_than_half_of_that(tmp_path, name, write):
    path = tmp_path / name
    n_rows = write(path, 512 * MEBIBYTE, 150)
    read, bad, _, peak = read_apart(path)
    assert (read, bad) == (n_rows, 0)
    print(f"{name}: {path.stat().st_size:,} bytes, {n_rows:,} rows, peak {peak / MEBIBYTE:.0f} MiB")
    path.unlink()
    assert peak < 256 * MEBIBYTE
