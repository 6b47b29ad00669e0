"""When a record whose time is wrong waits no longer for partitions that other shards hold up."""

import pytest

from fintank.trading.partition_log import (
    HELD_UP_MS_MAX,
    STANDSTILL_MS_MAX,
    WAIT_MS_MAX,
    FollowedPartition,
    Range,
    Run,
    held_up,
)

NOW_MS = 1_000_000
"""The shard's time, in log time."""
SINCE_MS = 7_000
"""Since when the order waits, by this process's clock."""
DUE_MS = SINCE_MS + STANDSTILL_MS_MAX


def delivered(*append_ms: int) -> Range[str]:
    numbers = range(len(append_ms))
    runs = [Run(number, 1, time_ms) for number, time_ms in zip(numbers, append_ms, strict=True)]
    return Range(0, len(append_ms), runs, numbers, ["order"] * len(append_ms))


class World:
    """Ticks of which all up to offset 5 were delivered and taken, and orders that wait for more of them."""

    def __init__(self, *append_ms: int) -> None:
        self.ticks = FollowedPartition[str](5, NOW_MS, NOW_MS, full=(5, DUE_MS))
        self.orders = FollowedPartition[str](0, 0, 0, waiting_since_ms=SINCE_MS)
        self.orders.offer(delivered(*append_ms))

    def waits_at(self, elapsed_ms: int, moved_ms: int = SINCE_MS) -> bool:
        return held_up([self.ticks, self.orders], NOW_MS, elapsed_ms, moved_ms) is None


@pytest.fixture
def past() -> World:
    return World(NOW_MS - 2_000)


def test_a_record_that_is_past_goes_on_once_its_shard_stood_still_before_a_full_partition(
    past: World,
) -> None:
    assert past.waits_at(DUE_MS, moved_ms=SINCE_MS + 1)
    assert not past.waits_at(DUE_MS)
    past.ticks.full = 5, DUE_MS - 1
    past.orders.held_up_end = 0
    assert past.waits_at(DUE_MS)


def test_a_record_plainly_ahead_goes_on_as_well() -> None:
    assert not World(NOW_MS + WAIT_MS_MAX + 1, NOW_MS - 1).waits_at(DUE_MS)


@pytest.mark.parametrize("full", [None, (6, DUE_MS)], ids=["not full", "on its way"])
def test_while_more_may_come_it_waits_for_a_minute(past: World, full: tuple[int, int] | None) -> None:
    past.ticks.full = full
    assert past.waits_at(SINCE_MS + HELD_UP_MS_MAX - 1)
    assert not past.waits_at(SINCE_MS + HELD_UP_MS_MAX)


@pytest.mark.parametrize("append_ms", [(NOW_MS,), (NOW_MS + 9_000,), (NOW_MS + 500, NOW_MS)])
def test_a_record_whose_time_may_be_right_waits_on(append_ms: tuple[int, ...]) -> None:
    assert World(*append_ms).waits_at(SINCE_MS + 2 * HELD_UP_MS_MAX)


def test_what_is_delivered_later_waits_for_itself(past: World) -> None:
    assert not past.waits_at(DUE_MS)
    past.orders.take()
    past.orders.offer(Range(1, 2, [Run(1, 1, NOW_MS - 2_000)], [1], ["order"]))
    past.orders.waiting_since_ms = DUE_MS
    assert past.waits_at(DUE_MS + 1)
