"""The paper's datasets, if a local copy exists; other tests do not need them.

`ITLIM_SHARED_DATASETS` names the folder; each claim is also tested on written examples.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from itlim.datasets import content_sha256, read_dataset
from itlim.records import DatasetFormat

FOLDER = Path(
    os.environ.get(
        "ITLIM_SHARED_DATASETS", Path(__file__).resolve().parents[3] / "shared" / "datasets"
    )
)
needs_datasets = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"SKIPPED: no real datasets in {FOLDER}"
)


@needs_datasets
@pytest.mark.parametrize(
    ("name", "n_rows", "n_empty"),
    [
        ("dolly-15k", 15_015, 0),
        ("dolly-3k-alpagasus", 2_996, 0),
        ("alpaca-52k", 52_002, 28),
        ("alpaca-5k-alpagasus-claude", 5_305, 4),
        ("lima-1k", 1_000, 0),
        ("code-alpaca-2k", 2_017, 2),
    ],
)
def test_every_row_gives_an_instance_or_a_reason(name, n_rows, n_empty):
    path = FOLDER / f"{name}.jsonl"
    read = read_dataset(path, name)
    assert read.format is DatasetFormat.ALPACA
    assert read.table.num_rows + read.n_bad_rows == n_rows
    assert read.n_bad_rows == n_empty
    assert {bad.reason for bad in read.bad_rows} <= {"'output' is empty"}
    # Oracle: the json module on the same bytes.
    lines = path.read_bytes().split(b"\n")
    for row in read.table.to_pylist()[:: max(1, n_rows // 50)]:
        source = json.loads(lines[row["source_line"] - 1])
        texts = (source["instruction"], source["input"], source["output"])
        assert (row["instruction"], row["input"], row["response"]) == texts
        assert row["instance_id"] == f"{name}-{row['source_line']}"
        assert row["content_sha256"] == content_sha256(*texts)


@needs_datasets
def test_dolly_keeps_its_categories_and_its_duplicates_are_grouped():
    table = read_dataset(FOLDER / "dolly-15k.jsonl", "dolly").table
    categories = Counter(json.loads(extra)["category"] for extra in table["extra"].to_pylist())
    assert (categories["closed_qa"], categories["creative_writing"]) == (1_823, 711)
    assert table.num_rows - len(set(table["content_sha256"].to_pylist())) == 15
    assert sum(text != "" for text in table["input"].to_pylist()) == 4_598
