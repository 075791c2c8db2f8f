from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.store.columns import insertion, read_time, stored_now, stored_time


def test_a_row_is_inserted_by_column_names():
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (b INTEGER, a VARCHAR PRIMARY KEY)")
        database.execute(insertion("t", ("a", "b")), ["x", 1])
        assert database.execute("SELECT a, b FROM t").fetchall() == [("x", 1)]
        with pytest.raises(duckdb.ConstraintException):
            database.execute(insertion("t", ("a", "b")), ["x", 2])
        database.execute(insertion("t", ("a", "b"), keep_first=True), ["x", 3])
        assert database.execute("SELECT a, b FROM t").fetchall() == [("x", 1)]


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_in_any_zone_is_read_back_as_the_same_time(clock, minutes):
    moment = clock.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert stored_time(moment).tzinfo is None
    assert read_time(stored_time(moment)) == moment


def test_now_is_utc():
    before, now, after = datetime.now(UTC), read_time(stored_now()), datetime.now(UTC)
    assert before <= now <= after
