"""Filters by a score, the offline score, and the random control."""

import math
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remedies.parents import parent_of

from itlim.datasets.responses import read_responses
from itlim.errors import InputError
from itlim.remedies.filtering import Cut, filtered, random_subset, scores_of
from itlim.remedies.quality_score import form_score


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # Asked: wrote, emma. Both parts of the answer: emma; new: jane, austen.
        (("Who wrote Emma?", "", "Emma is by Jane Austen."), (1, 1, 0.4, 1, 1)),
        # Nothing of the instruction recurs: river. New: nile.
        (("Name a river.", "", "The Nile"), (1, 0, 0.2, 1, 1)),
        # Runs of three: abc bca cab abc: 3 of 4 are distinct.
        (("x", "", "a1 b1 c1 a1 b1 c1"), (1, 0, 0.6, 0.75, 1)),
        (("x", "noinput", "x [3]"), (1, 1, 0.2, 1, 0)),
        (("Who?", "", "I'm sorry, no."), (1, 1, 0.4, 1, 0)),
        (("x", "", " ".join(f"w{n}" for n in range(13))), (0, 0, 1, 1, 1)),
    ],
)
def test_the_parts_of_the_score_by_hand(texts, expected):
    found = form_score(*texts)
    parts = (found.complete, found.relevant, found.informative, found.varied, found.clean)
    assert parts == pytest.approx(expected)
    assert found.total == pytest.approx(sum(expected))


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=200))
def test_the_score_is_between_0_and_5_for_any_text(instruction, given_input, response):
    assert 0 <= form_score(instruction, given_input, response).total <= 5


SCORES = st.dictionaries(
    st.text("abc", min_size=1, max_size=4), st.sampled_from([0.0, 1.0, 2.5, 4.5]), min_size=1
)


@given(SCORES, st.sampled_from([0.0, 1.0, 3.0]))
def test_a_threshold_keeps_exactly_what_reaches_it(scores, threshold):
    passing = Cut(threshold=threshold).passing(scores)
    assert all((score >= threshold) == (name in passing) for name, score in scores.items())


@given(SCORES, st.integers(1, 12))
def test_a_number_of_rows_keeps_the_highest(scores, keep):
    passing = Cut(keep=keep).passing(scores)
    assert len(passing) == min(keep, len(scores))
    dropped = [scores[name] for name in scores if name not in passing]
    assert not dropped or max(dropped) <= min(scores[name] for name in passing)


@pytest.mark.parametrize("values", [{}, {"threshold": 1.0, "keep": 1}, {"keep": 0}])
def test_a_cut_needs_one_usable_bound(values):
    with pytest.raises(InputError):
        Cut(**values)
    with pytest.raises(InputError, match="expected a number"):
        Cut(threshold=math.nan)


def test_the_offline_filter_keeps_rows_in_order_with_their_scores(tmp_path):
    parent = parent_of(tmp_path)
    scores = scores_of(parent, "offline")
    found = filtered(parent, "offline", Cut(keep=2))
    best = sorted(scores, key=scores.get, reverse=True)[:2]
    assert [row.parent_id for row in found.rows] == sorted(best)
    assert all(row.notes == {"score": scores[row.parent_id]} for row in found.rows)
    assert found.left_out == {"lower score": 2}


def test_rows_without_a_score_in_a_column_are_listed_not_kept(tmp_path):
    found = filtered(parent_of(tmp_path), "quality", Cut(threshold=4.5))
    assert [row.parent_id for row in found.rows] == ["mine-3"]
    assert [(one.instance_id, one.reason) for one in found.failed] == [
        (f"mine-{n}", "no quality score") for n in (1, 2, 4)
    ]
    with pytest.raises(InputError, match="Give offline, or a column: answer, category, quality"):
        scores_of(parent_of(tmp_path), "nothing")


def test_ratings_of_a_judge_are_joined_by_the_texts(tmp_path):
    parent = parent_of(tmp_path)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    runs = read_responses(tmp_path / "mine.jsonl", imported_at=now, model="m").runs[:3]
    table = pa.table(
        {
            # As `itlim judge --responses mine.jsonl` names them.
            "response_id": [run.run_id for run in reversed(runs)],
            "model": ["m"] * 3,
            "factuality": pa.array([5, None, 2], pa.int8()),
        }
    )
    path = tmp_path / "ratings.parquet"
    pq.write_table(table, path)
    found = filtered(parent, "factuality", Cut(threshold=4), ratings=path)
    assert [row.parent_id for row in found.rows] == ["mine-3"]
    assert found.left_out == {"score below 4": 1}
    assert [one.instance_id for one in found.failed] == ["mine-2", "mine-4"]
    with pytest.raises(InputError, match="has no ratings 'taste'"):
        scores_of(parent, "taste", path)


def test_the_control_has_the_size_and_depends_on_the_seed_alone(tmp_path):
    parent = parent_of(tmp_path, [{"instruction": f"Q{n}", "output": "A"} for n in range(50)])
    first, again, other = (random_subset(parent, 20, seed) for seed in (1, 1, 2))
    ids = [row.parent_id for row in first.rows]
    assert len(set(ids)) == 20
    assert ids == sorted(ids, key=lambda name: int(name.split("-")[1]))
    assert first == again
    assert first.rows != other.rows
    with pytest.raises(InputError, match="expected a size from 1 to that"):
        random_subset(parent, 51, 0)
