import pytest

from itlim.datasets.choosing import choose_files
from itlim.errors import DatasetError

SHARDS = [f"data/train-0000{n}-of-00003-a52de323599d586a.parquet" for n in range(3)]
SPARK = "4eb2a9c8-6f0b-4a83-b7c4-2d9a5b9f2e11-c000.snappy.parquet"
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
        (["part-0001.jsonl", "part-0002.jsonl"], "", ["part-0001.jsonl", "part-0002.jsonl"]),
        (["a-2-of-2.jsonl", "a-1-of-2.jsonl"], "", ["a-1-of-2.jsonl", "a-2-of-2.jsonl"]),
        ([f"part-0000{n}-{SPARK}" for n in (1, 0)], "", [f"part-0000{n}-{SPARK}" for n in (0, 1)]),
        (SHARDS[:1], SHARDS[0], SHARDS[:1]),
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
        # Samples of different size, years, versions and other numbers are not shards.
        (["alpaca-1000.jsonl", "alpaca-5000.jsonl"], "", "several data files: alpaca-1000.jsonl"),
        (["a-0500.jsonl", "a-1000.jsonl"], "", "several data files"),
        (["a-1000-deadbeef.json", "a-5000-deadbeef.json"], "", "several data files"),
        (["train-00100.csv", "train-01000.csv"], "", "several data files"),
        (["news-2019.json", "news-2020.json"], "", "several data files"),
        (["s-1000/train.json", "s-5000/train.json"], "", "several data files"),
        (["a-00000.json", "a-00002.json"], "", "several data files"),
        (["a-00000-of-00001-aaaaaaaa.json", "a-00000-of-00001-bbbbbbbb.json"], "", "several data"),
        (SHARDS[1:], "", "contains 2 of the 3 shards of one file: .*Copy the missing ones"),
    ],
)
def test_missing_and_ambiguous_files_are_errors_that_list_the_choices(names, part, message):
    with pytest.raises(DatasetError, match=message):
        choose_files([*names, *SIDE_FILES], part, "owner/name")
