"""What the merge does where clocks disagree, records come late, and partitions stand still."""

import time

from support.merge_world import ORDERS, TICKS, World

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition
from fintank.trading.partition_log import HELD_UP_MS_MAX, WAIT_MS_MAX, Range, Run


def test_an_order_waits_until_no_earlier_tick_can_come() -> None:
    world = World()
    world.report_ends(5_000)  # the clock's own time does not matter: this is 1,000
    world.append(ORDERS, 1_010)
    assert world.take() == []
    world.report_ends(5_010)  # a tick of 1,010 would still come first
    assert world.take() == []
    world.report_ends(5_011)
    assert world.take() == [("1010", 1_010, False)]


def test_an_order_waits_for_ticks_that_are_told_and_not_delivered_however_long_that_takes() -> None:
    """As while the database is away: a spout reads no further, and nothing may trade on old prices."""
    world = World()
    world.report_ends(0)
    world.ends[TICKS] = 1
    for append_ms in (1_010, 1_020):
        world.append(ORDERS, append_ms)
    for elapsed_ms in range(0, 10 * HELD_UP_MS_MAX, 1_000):
        world.report_ends(elapsed_ms, elapsed_ms=elapsed_ms)
        assert world.take(elapsed_ms) == []


def test_what_waits_with_a_time_that_is_plainly_ahead_is_taken_after_a_minute() -> None:
    world = World()
    world.report_ends(0)
    world.ends[TICKS] = 1
    for append_ms in (7_201_010, 7_201_020, 1_030):
        world.append(ORDERS, append_ms)
    assert world.take(0) == world.take(HELD_UP_MS_MAX - 1) == []
    assert world.take(HELD_UP_MS_MAX) == [("7201010", 1_000, True), ("7201020", 1_000, True)]
    assert world.take(2 * HELD_UP_MS_MAX) == []  # the last one's time is right, and it waits for the tick


def test_a_tick_does_not_wait_for_orders_of_its_own_time() -> None:
    world = World()
    world.report_ends(0)
    world.append(TICKS, 1_010)
    world.report_ends(10)
    assert world.take() == [("1010", 1_010, False)]


def test_an_end_that_is_not_delivered_yet_proves_nothing() -> None:
    world = World()
    world.report_ends(0)
    world.append(ORDERS, 1_010)
    world.ends[TICKS] += 1  # a tick stands in the log
    world.report_ends(500)
    assert world.take() == []
    world.merge.offer(TICKS, Range(0, 1, [Run(0, 1, 1_005)], [], []))  # and concerns another shard
    assert world.take() == [("1010", 1_010, False)]


def test_a_spout_that_starts_is_set_by_the_first_record_read_at_an_end() -> None:
    world = World()
    world.report_ends(0)
    world.append(ORDERS, 3_600_000)  # everything stood still for an hour
    world.report_ends(10, appended_ms=3_600_000)
    world.report_ends(11)
    assert world.take() == [("3600000", 3_600_000, False)]
    assert world.merge.disagreements == 0


def test_a_backlog_of_hours_does_not_wait_for_partitions_that_have_nothing() -> None:
    world = World()
    ends = {ORDERS: (0, 0)}
    world.merge.on_ends(LogEnds("orders", 0, None, False, ends), 0)
    for hour in range(1, 10):
        world.append(TICKS, hour * 3_600_000)
        ticks = {TICKS: (0, 100)}
        world.merge.on_ends(LogEnds("ticks", hour, hour * 3_600_000, False, ticks), hour)
        world.merge.on_ends(LogEnds("orders", hour, None, False, ends), hour)
        assert world.take(hour) == [(str(hour * 3_600_000), hour * 3_600_000, False)]


def test_a_drifting_clock_is_set_by_each_record() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    for second in range(1, 100):
        world.append(ORDERS, 1_000 + 1_001 * second)
        world.report_ends(1_000 * second, appended_ms=1_000 + 1_001 * second)
        world.report_ends(1_000 * second + 1)
        assert len(world.take()) == 1
    assert world.merge.disagreements == 0


def test_a_record_from_the_future_waits_a_second_and_is_taken_at_the_time_of_the_others() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    world.append(ORDERS, 7_200_000)
    world.report_ends(10, appended_ms=7_200_000, elapsed_ms=10)
    assert world.take(10) == []
    world.report_ends(999, elapsed_ms=1_009)
    assert world.take(1_009) == []
    world.report_ends(1_000, elapsed_ms=1_010)
    assert world.take(1_010) == [("7200000", 2_000, True)]
    assert world.merge.disagreements == 1
    world.append(ORDERS, 3_500)
    world.report_ends(2_000, elapsed_ms=2_000)  # lifted by a second
    world.report_ends(2_501, elapsed_ms=2_501)
    assert world.take(2_501) == [("3500", 3_500, False)]


def test_nothing_is_taken_past_a_partition_whose_spout_is_silent() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    world.append(ORDERS, 1_500)
    for elapsed_ms in range(0, 100 * WAIT_MS_MAX, WAIT_MS_MAX):
        assert world.take(elapsed_ms) == []


def test_a_report_that_was_made_before_this_process_stood_still_proves_nothing() -> None:
    world = World()
    world.report_ends(0)
    world.append(ORDERS, 1_010)
    assert world.take(0) == []
    world.report_ends(5, elapsed_ms=35_000)
    assert world.take(35_000) == []
    world.append(TICKS, 1_007)
    world.report_ends(11, elapsed_ms=35_001)
    assert world.take(35_001) == [("1007", 1_007, False), ("1010", 1_010, False)]


def test_a_clock_that_did_move_is_followed_in_a_few_waits() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    elapsed_ms = 0
    while world.merge.disagreements < 20 and world.merge.now_ms < 3_600_000:
        world.append(ORDERS, 3_600_000 + elapsed_ms)
        before = world.merge.disagreements
        for _ in range(3):
            elapsed_ms += 600
            world.report_ends(elapsed_ms, elapsed_ms=elapsed_ms)
            world.take(elapsed_ms)
        assert world.merge.disagreements == before + 1
    assert world.merge.disagreements == 13  # each wait lifts the clocks by twice as much as the one before


def test_an_append_time_that_goes_back_leaves_the_time_where_it_was() -> None:
    world = World()
    world.report_ends(0)
    world.append(TICKS, 1_500)
    world.report_ends(500)
    assert world.take() == [("1500", 1_500, False)]
    world.append(ORDERS, 1_200)
    world.append(TICKS, 1_300)
    world.report_ends(600)
    assert world.take() == [("1300", 1_500, False), ("1200", 1_500, False)]


def test_positions_pass_what_concerns_another_shard() -> None:
    world = World()
    world.report_ends(0)
    world.merge.offer(TICKS, Range(0, 7, [Run(0, 3, 1_002), Run(5, 1, 1_003)], [1], ["a"]))
    world.report_ends(100)
    assert [(taken.first, taken.next, taken.records) for taken in world.merge.take(0)] == [
        (0, 5, ["a"]),
        (5, 7, ()),
    ]
    assert world.merge.positions[TICKS] == LogPosition(7, 1_003)


def test_the_frontier_is_the_least_time_of_what_can_come() -> None:
    world = World()
    world.report_ends(0)
    world.append(ORDERS, 1_300)
    world.report_ends(200)
    assert world.take() == []
    assert world.merge.frontier_ms == 1_200


def test_it_tells_how_long_the_next_record_has_been_waiting() -> None:
    world = World()
    world.report_ends(0)
    world.append(ORDERS, 1_300)
    assert world.take(50) == []
    assert world.merge.waited_ms(250) == 200
    world.report_ends(400)
    assert world.take(300) == [("1300", 1_300, False)]
    assert world.take(300) == []
    assert world.merge.waited_ms(400) == 0


def test_a_record_of_the_past_waits_for_a_partition_whose_spout_is_silent() -> None:
    world = World()
    world.report_ends(0)
    world.append(TICKS, 1_500)
    world.report_ends(500)
    assert world.take() == [("1500", 1_500, False)]
    world.append(ORDERS, 1_200)
    for elapsed_ms in range(0, 10 * WAIT_MS_MAX, WAIT_MS_MAX):
        assert world.take(elapsed_ms) == []
    world.report_ends(501, elapsed_ms=10 * WAIT_MS_MAX)
    assert world.take(10 * WAIT_MS_MAX) == [("1200", 1_500, False)]


def test_a_record_from_the_future_does_not_wait_longer_while_others_are_taken() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    world.append(ORDERS, 7_200_000)
    for elapsed_ms in range(0, 1_000, 100):
        world.append(TICKS, 1_000 + elapsed_ms)
        world.report_ends(elapsed_ms, appended_ms=1_000 + elapsed_ms, elapsed_ms=elapsed_ms)
        assert world.take(elapsed_ms) == [(str(1_000 + elapsed_ms), 1_000 + elapsed_ms, False)]
    world.append(TICKS, 2_000)
    world.report_ends(1_001, appended_ms=2_000, elapsed_ms=1_001)
    assert world.take(1_001) == [("2000", 2_000, False), ("7200000", 2_001, True)]


def test_a_record_from_the_future_waits_for_what_is_told_to_stand_before_it() -> None:
    world = World()
    world.report_ends(0, appended_ms=1_000)
    world.append(ORDERS, 7_200_000)
    assert world.take(0) == []
    world.report_ends(500, elapsed_ms=500)
    world.ends[TICKS] += 1  # a tick that Storm does not deliver for a while
    for elapsed_ms in range(1_000, 5_000, 100):
        world.report_ends(elapsed_ms, elapsed_ms=elapsed_ms)
        assert world.take(elapsed_ms) == []
    world.merge.offer(TICKS, Range(0, 1, [Run(0, 1, 1_900)], [0], ["tick"]))
    assert world.take(5_000) == [("tick", 1_900, False), ("7200000", 5_900, True)]


def test_the_clock_of_a_jvm_that_comes_later_is_that_of_the_others() -> None:
    world = World()
    world.append(TICKS, 3_600_000)
    world.merge.on_ends(LogEnds("first", 500, 3_600_000, True, {TICKS: (0, 1)}), 0)
    world.merge.on_ends(LogEnds("second", 90, None, False, {ORDERS: (0, 0)}), 1)
    world.merge.on_ends(LogEnds("second", 91, None, False, {ORDERS: (0, 0)}), 2)
    assert world.take(2) == [("3600000", 3_600_000, False)]


def test_a_hundred_thousand_ranges_that_wait_for_one_are_taken_in_a_second() -> None:
    world = World()
    started_s = time.process_time()
    for offset in range(100_000, 0, -1):
        world.merge.offer(TICKS, Range(offset, offset + 1, [Run(offset, 1, 1_000)], [offset], [str(offset)]))
    world.merge.offer(TICKS, Range(0, 1, [], [], []))
    world.report_ends(0)
    assert len(world.take()) == 100_000
    assert time.process_time() - started_s < 5


def test_a_clock_that_was_set_back_moves_no_order_before_a_tick_and_does_not_stop_time() -> None:
    world = World()
    world.report_ends(0)
    world.append(TICKS, 1_500)
    world.report_ends(500)
    assert world.take() == [("1500", 1_500, False)]
    world.report_ends(600)
    world.append(ORDERS, 600)  # a second back
    world.append(TICKS, 595)
    assert world.take() == [("595", 1_600, False)]
    world.report_ends(601)
    assert world.take() == [("600", 1_600, False)]
    for asked_ms in range(610, 2_700, 10):
        world.append(TICKS, asked_ms - 1)
        world.report_ends(asked_ms)
        world.take()
    world.append(ORDERS, 2_700)
    world.report_ends(2_702)
    assert world.take() == [("2700", 2_700, False)]


def test_after_a_restart_a_record_of_the_time_reached_is_shifted_if_it_is_out_of_order() -> None:
    start = {TICKS: LogPosition(5, 900), ORDERS: LogPosition(7, 1_000)}
    merge = LogMerge[str](start, now_ms=1_000)
    merge.offer(TICKS, Range(5, 6, [Run(5, 1, 1_000)], [5], ["tick"]))
    assert [taken.is_shifted for taken in merge.take(0)] == [True]


def test_runs_without_records_of_the_shard_hold_no_time_back() -> None:
    world = World()
    world.report_ends(0)
    world.merge.offer(TICKS, Range(0, 1, [Run(0, 1, 5_000)], [], []))
    world.merge.offer(TICKS, Range(1, 2, [Run(1, 1, 4_000)], [1], ["tick"]))
    world.report_ends(4_000)
    assert [(taken.log_ms, taken.is_shifted) for taken in world.merge.take(0)] == [
        (5_000, False),
        (5_000, False),
    ]
