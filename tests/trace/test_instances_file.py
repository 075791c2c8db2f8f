"""Any instance is read by its position, regardless of the batches in which it was added."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.errors import IndexDamagedError, NotFoundError
from itlim.schema import INSTANCES
from itlim.trace.words.instances_file import (
    INSTANCES_FILE,
    ROWS_FILE,
    InstancesFile,
    InstancesWriter,
    row_of,
)


def row(number: int) -> dict:
    return {
        "instance_id": f"my-data-{number}",
        "content_sha256": f"{number:064x}",
        "dataset": "my-data",
        "source_line": 10 * number,
        "instruction": f"Instruction {number}",
        "input": "" if number % 2 else f"größer {number}",
        "response": "long " * number,
        "extra": "{}",
    }


def write(folder, numbers, sizes, **options):
    writer = InstancesWriter(folder, **options)
    rows = [row(number) for number in numbers]
    for size in sizes:
        taken, rows = rows[:size], rows[size:]
        writer.add(pa.RecordBatch.from_pylist(taken, schema=INSTANCES))
    writer.add(pa.RecordBatch.from_pylist(rows, schema=INSTANCES))
    return writer.finish()


@settings(deadline=None, max_examples=30)
@given(
    st.sets(st.integers(1, 60), min_size=1).map(sorted),
    st.lists(st.integers(0, 13), max_size=6),
)
def test_each_instance_is_found_by_position_and_row(tmp_path_factory, numbers, sizes):
    folder = tmp_path_factory.mktemp("instances")
    assert write(folder, numbers, sizes, batch_rows=4) == len(numbers)
    found = InstancesFile(folder, batch_rows=4)
    assert len(found) == len(numbers)
    assert found.rows.tolist() == numbers
    for position, number in enumerate(numbers):
        assert found[position] == row(number)
        assert found.position(number) == position
    assert [r for batch in found.batches() for r in batch.to_pylist()] == [
        row(number) for number in numbers
    ]


def test_a_missing_row_or_position_is_an_error(tmp_path):
    write(tmp_path, [1, 3, 9], [])
    found = InstancesFile(tmp_path)
    for absent in (0, 2, 10):
        with pytest.raises(NotFoundError, match=f"row {absent}:"):
            found.position(absent)
    for absent in (-1, 3):
        with pytest.raises(NotFoundError, match="contains 3"):
            found[absent]


def test_files_that_do_not_match_are_damaged(tmp_path):
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        InstancesFile(tmp_path)
    write(tmp_path, range(1, 4), [])
    np.arange(5000, dtype="<i4").tofile(tmp_path / ROWS_FILE)
    with pytest.raises(IndexDamagedError, match="unexpected number of rows"):
        InstancesFile(tmp_path)
    (tmp_path / INSTANCES_FILE).write_bytes((tmp_path / INSTANCES_FILE).read_bytes()[:200])
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        InstancesFile(tmp_path)


def test_an_id_gives_its_row():
    assert row_of("dolly-15k-207") == 207
