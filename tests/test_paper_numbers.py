"""The numbers of the paper in `data/paper`: complete, in range, and as printed."""

import csv
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "data" / "paper"
KEYS = ("table", "row", "model", "tuning", "train_set", "test_set")


def rows(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("ratings_by_aspect.csv", {"13": 54, "14": 53, "15": 48}),
        ("ratings_by_task.csv", {"16": 37, "17": 62}),
    ],
)
def test_each_table_has_all_its_rows_with_ratings_from_one_to_five(name, sizes):
    found = rows(name)
    for table, size in sizes.items():
        numbers = [int(row["row"]) for row in found if row["table"] == table]
        assert numbers == list(range(1, size + 1))
    assert len(found) == sum(sizes.values())
    for row in found:
        assert row["model"]
        assert row["test_set"]
        assert bool(row["train_set"]) == (row["tuning"] in ("LFT", "SFT", "NEFTune"))
        ratings = [float(text) for key, text in row.items() if key not in KEYS and text]
        assert all(1 <= rating <= 5 for rating in ratings)


def test_only_the_row_that_the_paper_prints_with_six_ratings_lacks_one():
    lacking = [
        (row["table"], row["row"])
        for name in ("ratings_by_aspect.csv", "ratings_by_task.csv")
        for row in rows(name)
        if any(not text for key, text in row.items() if key not in KEYS)
    ]
    assert lacking == [("16", "35")]


@pytest.mark.parametrize(
    ("name", "table", "row", "column", "printed"),
    [
        ("ratings_by_aspect.csv", "13", "1", "engagement", "4.31"),
        ("ratings_by_aspect.csv", "13", "32", "factuality", "2.07"),
        ("ratings_by_aspect.csv", "15", "22", "depth", "1"),
        ("ratings_by_task.csv", "16", "37", "coding", "1.55"),
        ("ratings_by_task.csv", "17", "62", "writing", "3.02"),
    ],
)
def test_single_cells_are_as_printed(name, table, row, column, printed):
    (found,) = [one for one in rows(name) if (one["table"], one["row"]) == (table, row)]
    assert found[column] == printed


def test_the_percentages_of_the_text_name_their_findings_once_per_tuning():
    found = rows("percentages.csv")
    keys = [(row["finding_id"], row["tuning"]) for row in found]
    assert len(set(keys)) == len(keys)
    values = {key: float(row["value"]) for key, row in zip(keys, found, strict=True)}
    assert values["causal_share", "SFT"] == 87
    assert values["causal_share", "LFT"] == 13.9
    assert values["d1_similarity", ""] == 0.418


def test_the_parts_of_a_dataset_are_as_printed():
    """LIMA's parts add up to its size; Dolly's add up to 15,011."""
    found = rows("datasets.csv")
    parts = dict.fromkeys(("LIMA 1k", "databricks-dolly 15k"), 0)
    for row in found:
        assert int(row["n"]) > 0
        if row["part"]:
            parts[row["dataset"]] += int(row["n"])
    assert parts == {"LIMA 1k": 1000, "databricks-dolly 15k": 15011}
    assert len({(row["dataset"], row["part"]) for row in found}) == len(found) == 23
