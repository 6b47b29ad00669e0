"""Percentiles of weighted values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintank.wire.points.pipeline_points import percentile


@given(
    weighted=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=20),
    percent=st.integers(1, 100),
)
def test_a_percentile_equals_that_of_the_single_records(
    weighted: list[tuple[int, int]], percent: int
) -> None:
    each = sorted(value for value, records in weighted for _ in range(records))
    rank = -(-percent * len(each) // 100)
    assert percentile(sorted(weighted), percent) == each[rank - 1]


def test_no_records_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no records"):
        percentile([], 50)
