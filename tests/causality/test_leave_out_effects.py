import numpy as np
import pyarrow.parquet as pq
import pytest
from leave_out_rows import leave_out_row as row
from leave_out_rows import leave_out_rows as table

from itlim.causality.leave_out.findings import leave_out_findings, read_leave_out
from itlim.errors import InputError, NotFoundError


def shares(found):
    return {finding.claim: finding for finding in found}


def test_a_case_counts_once_however_many_removals_it_has():
    found = shares(
        leave_out_findings(
            table(
                row("a", "unique_verbatim", True, 2.0),
                row("b", "unique_verbatim", False, 0.5),
                row("c", "unique_verbatim", True, 1.5),
                *[row("a", "other", gone) for gone in (True, False, False, False)],
                row("b", "same_category", False),
                row("b", "other", True, ids=("demo-1", "demo-2")),
            )
        )
    )
    unique = found["seed 0, test: without its only verbatim source, the phrase is gone"]
    assert (unique.value, unique.n) == (pytest.approx(2 / 3), 3)
    random = "seed 0, test: without an instance that does not hold it, the phrase is gone"
    assert (found[random].value, found[random].n) == (pytest.approx((1 / 4 + 0) / 2), 2)
    strong = found["seed 0, test: without its only verbatim source, it loses over 1 nat"]
    assert strong.value == pytest.approx(2 / 3)
    mean = found["seed 0, test: without its only verbatim source, mean loss of log p"]
    assert mean.value == pytest.approx(4 / 3)
    assert unique.interval[0] <= unique.value <= unique.interval[1]


def test_seeds_and_splits_stand_apart_and_side_phrases_are_left_aside():
    found = shares(
        leave_out_findings(
            table(
                row("a", "unique_verbatim", True),
                row("b", "unique_verbatim", False, split="dev"),
                row("c", "unique_verbatim", False, seed=1),
                row("d", "unique_verbatim", False, main=False),
            )
        )
    )
    name = "{}: without its only verbatim source, the phrase is gone"
    values = {where: found[name.format(where)] for where in ("seed 0, test", "seed 0, dev")}
    assert [one.value for one in values.values()] == [1.0, 0.0]
    assert [one.n for one in values.values()] == [1, 1]
    assert found[name.format("seed 1, test")].value == 0.0
    assert values["seed 0, test"].interval is None
    empty = found[name.format("seed 1, dev")]
    assert (empty.value, empty.n) == (None, 0)


def test_groups_count_only_as_shared_sources():
    found = shares(
        leave_out_findings(
            table(
                row("a", "shared_group", True, ids=("demo-1", "demo-2")),
                row("a", "verbatim", False),
                row("a", "verbatim", True, ids=("demo-1", "demo-2", "demo-3")),
            )
        )
    )
    name = "seed 0, test: without {}, the phrase is gone"
    assert found[name.format("all sources that share it")].value == 1.0
    assert found[name.format("one of several sources")].value == 0.0


def test_reading_checks_the_file_and_its_columns(tmp_path):
    path = tmp_path / "leave_out.parquet"
    with pytest.raises(NotFoundError, match="demo leave-out"):
        read_leave_out(path)
    mine = table(row("a", "other", True, np.float32(0.25)))
    pq.write_table(mine, path)
    assert read_leave_out(path).equals(mine)
    pq.write_table(mine.drop_columns(["span_start", "relation"]), path)
    with pytest.raises(InputError, match="span_start, relation"):
        read_leave_out(path)
