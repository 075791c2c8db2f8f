"""Files of ratings: what is read, and what is rejected with its reason."""

import json

import pyarrow.parquet as pq
import pytest
from example_ratings import all_scores, rating, ratings_table

from itlim.errors import DatasetError
from itlim.records.ratings import Aspect
from itlim.remedies.judging import file_rows
from itlim.remedies.rating_files import IMPORTED, read_ratings
from itlim.settings import PROJECT_FOLDER

PUBLISHED = PROJECT_FOLDER.parent / "shared/datasets/just-eval/ratings-gpt-3.5-turbo-0301.jsonl"


def nothing(_model, _instruction):
    return []


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_what_the_command_writes_is_read_back_unchanged(tmp_path):
    rows = ratings_table(rating(**all_scores(4)), rating("b" * 16, raw=None, problem="timed out"),
                         rating("c" * 16, depth=2, depth_reason="thin"))  # fmt: skip
    pq.write_table(file_rows(rows), tmp_path / "ratings.parquet")
    found = read_ratings(tmp_path / "ratings.parquet", nothing)
    assert found.rejected == ()
    assert found.judges == ("m",)
    read = found.ratings.to_pylist()
    assert [row["raw"] for row in read] == ["{}", None, "{}"]
    assert [row["status"] for row in read] == ["complete", "failed", "partial"]
    for name in ("run_id", "pair", "depth", "rated_at", "prompt_version", "instruction"):
        assert found.ratings[name].to_pylist() == rows[name].to_pylist(), name


def test_a_file_without_times_has_none(tmp_path):
    table = file_rows(ratings_table(rating(depth=1))).drop_columns(["rated_at"])
    pq.write_table(table, tmp_path / "old.parquet")
    assert read_ratings(tmp_path / "old.parquet", nothing).ratings["rated_at"].to_pylist() == [None]


def test_a_row_without_an_id_is_about_the_stored_answer_of_model_and_instruction(tmp_path):
    row = {"instruction": "Q", "model": "x", "rater": "gpt-4", "scores": all_scores(3)}
    row["reasons"] = {"depth": "why"}
    path = lines(tmp_path / "a.jsonl", row, row | {"model": "y"}, row | {"model": "z"})
    known = {("x", "Q"): ["run1"], ("z", "Q"): ["run2", "run3"]}
    found = read_ratings(path, lambda *asked: known.get(asked, []))
    (read,) = found.ratings.to_pylist()
    assert (read["run_id"], read["judge"], read["prompt_version"]) == ("run1", "gpt-4", IMPORTED)
    assert (read["depth"], read["depth_reason"]) == (3, "why")
    (unknown, ambiguous) = found.rejected
    assert [unknown[0], ambiguous[0]] == [2, 3]
    assert "import the answers first" in unknown[1]
    assert "2 different answers" in ambiguous[1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"judge": None}, "no judge or rater"),
        ({"model": 7}, "no model or pair"),
        ({"instruction": " "}, "no instruction"),
        ({"status": "failed"}, "failed, but it has scores"),
        ({"raw": "x" * 200_001}, "more than 200,000"),
    ],
)
def test_a_row_that_is_no_rating_is_rejected_with_its_reason(tmp_path, changes, says):
    row = {"response_id": "r", "judge": "m", "model": "x", "instruction": "Q", "depth": 2}
    found = read_ratings(lines(tmp_path / "a.jsonl", row | changes), nothing)
    assert found.ratings.num_rows == 0
    assert says in found.rejected[0][1]


@pytest.mark.parametrize("score", [0, 6, -1, 2.5, "high", True, [3], 1e300, "N/A", None])
def test_what_is_not_a_score_is_missing_and_never_a_number(tmp_path, score):
    row = {"response_id": "r", "judge": "m", "model": "x", "instruction": "Q", "clarity": 4}
    found = read_ratings(lines(tmp_path / "a.jsonl", row | {"depth": score}), nothing)
    (read,) = found.ratings.to_pylist()
    assert (read["depth"], read["clarity"], read["status"]) == (None, 4, "partial")


def test_hostile_texts_are_kept_as_texts(tmp_path):
    hostile = "<script>x</script> \ud800 ' OR 1=1 \u202e"
    row = {"response_id": "r", "judge": hostile, "model": "x", "instruction": "Q", "depth": 2}
    row["depth_reason"] = hostile
    found = read_ratings(lines(tmp_path / "a.jsonl", row), nothing)
    (read,) = found.ratings.to_pylist()
    assert read["judge"] == read["depth_reason"].replace("\ud800", "?")
    assert "<script>" in read["judge"]


def test_a_file_of_another_kind_is_an_error(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 no ratings")
    with pytest.raises(DatasetError):
        read_ratings(tmp_path / "x.pdf", nothing)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="no published ratings in ../shared/datasets")
def test_the_published_ratings_are_read_with_43_missing_scores():
    found = read_ratings(PUBLISHED, lambda _, asked: [asked])
    assert found.rejected == ()
    assert found.judges == ("gpt-4-1106-preview",)
    missing = sum(found.ratings[str(aspect)].null_count for aspect in Aspect)
    assert (found.ratings.num_rows, missing) == (800, 43)
