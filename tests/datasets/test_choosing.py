import pytest

from itlim.datasets.choosing import choose_files
from itlim.errors import DatasetError

SHARDS = [f"data/train-0000{n}-of-00003-a52de323599d586a.parquet" for n in range(3)]
SIDE_FILES = [".gitattributes", "README.md", "dataset_infos.json", ".cache/train.json", "x.py"]


@pytest.mark.parametrize(
    ("names", "part", "chosen"),
    [
        # Layouts of allenai/tulu-v2-sft-mixture, GAIR/lima, WizardLM and HuggingFaceH4 datasets.
        (SHARDS[::-1], "", SHARDS),
        (["test.jsonl", "train.jsonl", "lima.py"], "", ["train.jsonl"]),
        (["test.jsonl", "train.jsonl"], "test", ["test.jsonl"]),
        (["alpaca_evol_instruct_70k.json"], "", ["alpaca_evol_instruct_70k.json"]),
        (
            ["data/train_sft-00000-of-00001.parquet", "data/train_gen-00000-of-00001.parquet"],
            "train_sft",
            ["data/train_sft-00000-of-00001.parquet"],
        ),
        (
            ["default/train/0000.parquet", "default/train/0001.parquet"],
            "",
            ["default/train/0000.parquet", "default/train/0001.parquet"],
        ),
        (["a.json", "b/c.csv.gz"], "b/c.csv.gz", ["b/c.csv.gz"]),
    ],
)
def test_the_files_of_the_requested_split_are_chosen(names, part, chosen):
    assert choose_files([*names, *SIDE_FILES], part, "owner/name") == chosen


@pytest.mark.parametrize(
    ("names", "part", "message"),
    [
        ([], "", "owner/name contains no data file: expected .parquet"),
        (["a.json", "b.json"], "", "contains several data files: a.json, b.json. Choose one"),
        (["train.json", "train.csv"], "", "several data files: train.csv, train.json"),
        (["test.json", "valid.json"], "", "several data files"),
        (["train.json"], "valid", "no split or file 'valid': its data files are train.json"),
        ([f"{n:02}.json" for n in range(20)], "", "and 12 more"),
    ],
)
def test_missing_and_ambiguous_files_are_errors_that_list_the_choices(names, part, message):
    with pytest.raises(DatasetError, match=message):
        choose_files([*names, *SIDE_FILES], part, "owner/name")
