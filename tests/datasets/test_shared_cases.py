"""Files that were read wrongly once, if a copy of them exists; the claims have other tests too.

`ITLIM_SHARED_CASES` names the folder.
"""

import os
from pathlib import Path

import pytest

from itlim.datasets import read_dataset
from itlim.errors import DatasetError

FOLDER = Path(
    os.environ.get(
        "ITLIM_SHARED_CASES", Path(__file__).resolve().parents[3] / "shared" / "cases" / "datasets"
    )
)
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"SKIPPED: no cases in {FOLDER}")


@pytest.mark.parametrize(
    ("name", "texts", "n_left_out"),
    [
        ("gpteacher.jsonl", ("The cat chased the mouse.", "The mouse was chased by the cat."), 0),
        ("openorca.jsonl", ("System: You are a pirate. Answer as one.", "Arr, under the palm."), 0),
        ("null-input.jsonl", ("", "Baikal is a lake."), 0),
        ("nullinput.parquet", ("", "Baikal."), 0),
        ("msgs-union.parquet", ("", "Baikal."), 0),
        ("bothkeys.jsonl", ("", "The Nile."), 0),
        ("ipython.jsonl", ("", "Let me compute."), 0),
        (
            "toolcalls.jsonl",
            (
                'System: Use tools.\n\nTool call: weather {"city":"Oslo"}\n\nTool: {"t":-3}',
                "It is minus three degrees in Oslo.",
            ),
            1,
        ),
        ("ts-far.parquet", ("", "Baikal."), 0),
        ("tsvquote.tsv", ("", '"Baikal" is a lake.'), 0),
    ],
)
def test_a_file_that_was_read_wrongly_is_read_correctly(name, texts, n_left_out):
    read = read_dataset(FOLDER / name, "case")
    first = read.table.to_pylist()[0]
    assert (first["input"], first["response"]) == texts
    assert read.n_bad_rows == n_left_out


def test_samples_of_different_size_are_not_shards():
    with pytest.raises(DatasetError, match="several data files: alpaca-1000"):
        read_dataset(FOLDER / "folder-sizes", "case")
