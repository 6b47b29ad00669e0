import pytest
from kafka import TopicPartition

from fintank.adapters.kafka_groups import partition_state


@pytest.mark.parametrize(
    ("first", "end", "committed", "lag"),
    [
        (0, 100, 60, 40),
        (0, 100, 100, 0),
        (0, 100, None, 100),
        (30, 100, None, 70),
        (30, 100, 10, 70),
        (0, 0, None, 0),
        (0, 5, 9, 0),
    ],
)
def test_lag_is_what_the_group_still_has_to_read(
    first: int, end: int, committed: int | None, lag: int
) -> None:
    assert partition_state(TopicPartition("ticks", 1), first, end, committed).lag == lag


def test_a_topic_that_no_group_reads_has_no_lag() -> None:
    state = partition_state(TopicPartition("journal", 0), 0, 100, None)
    assert (state.group, state.lag) == (None, None)
