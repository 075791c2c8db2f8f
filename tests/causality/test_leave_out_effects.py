import numpy as np
import pyarrow.parquet as pq
import pytest
from leave_out_rows import leave_out_row as row
from leave_out_rows import leave_out_rows as table

from itlim.causality.leave_out.findings import leave_out_findings, read_leave_out
from itlim.errors import InputError, NotFoundError

SOURCE, OTHER = "its only verbatim source", "an instance that does not contain it"


def findings(*rows):
    """Findings by (seed, split, key, group)."""
    return {
        (one.seed, one.split, one.key, one.group): one for one in leave_out_findings(table(*rows))
    }


def test_each_case_counts_once_regardless_of_its_number_of_removals():
    found = findings(
        row("a", "unique_verbatim", True, 2.0),
        row("b", "unique_verbatim", False, 0.5),
        row("c", "unique_verbatim", True, 1.5),
        *[row("a", "other", gone) for gone in (True, False, False, False)],
        row("b", "same_category", False),
        row("b", "other", True, ids=("demo-1", "demo-2")),
    )
    unique = found[0, "test", "phrase_gone", SOURCE]
    assert (unique.value, unique.n) == (pytest.approx(2 / 3), 3)
    assert unique.claim == "seed 0, test: without its only verbatim source, the phrase is gone"
    random = found[0, "test", "phrase_gone", OTHER]
    assert (random.value, random.n) == (pytest.approx((1 / 4 + 0) / 2), 2)
    assert found[0, "test", "strong_effect", SOURCE].value == pytest.approx(2 / 3)
    assert found[0, "test", "logp_drop", SOURCE].value == pytest.approx(4 / 3)
    assert unique.interval[0] <= unique.value <= unique.interval[1]


def test_seeds_and_splits_are_separate_and_side_phrases_are_ignored():
    found = findings(
        row("a", "unique_verbatim", True),
        row("b", "unique_verbatim", False, split="dev"),
        row("c", "unique_verbatim", False, seed=1),
        row("d", "unique_verbatim", False, main=False),
    )
    test, dev = (found[0, split, "phrase_gone", SOURCE] for split in ("test", "dev"))
    assert (test.value, test.n, test.interval) == (1.0, 1, None)
    assert (dev.value, dev.n) == (0.0, 1)
    assert found[1, "test", "phrase_gone", SOURCE].value == 0.0
    empty = found[1, "dev", "phrase_gone", SOURCE]
    assert (empty.value, empty.n) == (None, 0)


def test_groups_count_only_if_they_are_all_shared_sources():
    found = findings(
        row("a", "shared_group", True, ids=("demo-1", "demo-2")),
        row("a", "verbatim", False),
        row("a", "verbatim", True, ids=("demo-1", "demo-2", "demo-3")),
    )
    assert found[0, "test", "phrase_gone", "all sources that share it"].value == 1.0
    assert found[0, "test", "phrase_gone", "one of several sources"].value == 0.0


def test_reading_checks_the_file_and_its_columns(tmp_path):
    path = tmp_path / "leave_out.parquet"
    with pytest.raises(NotFoundError, match="itlim leave-out --out"):
        read_leave_out(path)
    mine = table(row("a", "other", True, np.float32(0.25)))
    pq.write_table(mine, path)
    assert read_leave_out(path).equals(mine)
    pq.write_table(mine.drop_columns(["span_start", "relation"]), path)
    with pytest.raises(InputError, match="span_start, relation"):
        read_leave_out(path)
