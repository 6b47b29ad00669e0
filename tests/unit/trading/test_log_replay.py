"""From where a shard is replayed, and in which order."""

import pytest

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions, Reached
from fintank.trading.log_replay import Beginning, LogReplay, beginning, is_lost
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.timeline import Adoption, Behind, Jump, Shift, TimelineEvent, TimelineNotes

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)


def adoption(positions: dict[Partition, int], remembered: int = 0, now_ms: int = 1_000) -> Adoption:
    return Adoption(positions, now_ms, Reached(0, None), {}, 4, "1", "1", remembered)


def log(first: int, end: int, **records_ms: int) -> Range[str]:
    """A range in which the records at these offsets, named o5 or so, have these append times."""
    offsets = [int(name[1:]) for name in records_ms]
    runs = [Run(offset, 1, ms) for offset, ms in zip(offsets, records_ms.values(), strict=True)]
    return Range(first, end, runs, offsets, list(records_ms))


def replayed(replay: LogReplay[str]) -> list[tuple[int, list[str]]]:
    """The log times and records that can be taken now."""
    return [(taken.log_ms, list(taken.records)) for taken in replay.take() if not isinstance(taken, Adoption)]


def test_a_record_behind_the_shards_time_is_replayed_at_that_time() -> None:
    found = Range(7, 8, [Run(7, 1, 990)], [7], ["order"])
    start = {TICKS: LogPosition(5, 900), ORDERS: LogPosition(7, 1_000)}
    notes = TimelineNotes(Positions(1_000, {"orders": "id"}, start))
    notes.adopted({}, 4, "1", "1", 9)
    merge = LogMerge[str](start, now_ms=1_000)
    merge.offer(ORDERS, found)
    merge.on_ends(LogEnds("jvm", 1, 1_010, True, {TICKS: (5, 5), ORDERS: (7, 8)}), 0)
    (taken,) = merge.take(0)
    notes.saw(taken, "id")
    begun = beginning(notes.taken())
    assert begun is not None
    replay = LogReplay[str](begun, {TICKS: 5, ORDERS: 8})
    adoption, *_ = replay.take()
    assert isinstance(adoption, Adoption)
    replay.offer(ORDERS, found)
    (again,) = replay.take()
    assert not isinstance(again, Adoption)
    assert (again.log_ms, again.records) == (taken.log_ms, ["order"]) == (1_000, ["order"])


def test_behind_a_loss_the_append_times_of_the_other_partitions_count_as_before_it() -> None:
    adoption = Adoption({TICKS: 5, ORDERS: 7}, 1_000, Reached(1_000_000, None), {}, 4, "1", "1", 9)
    lost = Jump({TICKS: 6, ORDERS: 7}, 1_040, ORDERS, "id", 7, 3)
    begun = beginning([adoption, Behind({TICKS: 5}, 50), lost])
    assert begun is not None
    replay = LogReplay[str](begun, {TICKS: 7, ORDERS: 3})
    list(replay.take())
    replay.offer(TICKS, Range(6, 7, [Run(6, 1, 1_010)], [6], ["tick"]))
    (again,) = replay.take()
    assert not isinstance(again, Adoption)
    assert (again.log_ms, again.records) == (1_060, ["tick"])


@pytest.mark.parametrize(
    ("position", "first", "expected"), [(7, 6, True), (7, 7, True), (7, 8, False), (None, 3, False)]
)
def test_what_was_before_is_lost_unless_a_partition_goes_on_later(
    position: int | None, first: int, expected: bool
) -> None:
    assert is_lost(Jump({}, 0, TICKS, "id", position, first)) is expected


def test_a_shift_is_no_loss() -> None:
    assert not is_lost(Shift({TICKS: 7}, 1_000, TICKS, 3, 4))


@pytest.mark.parametrize(
    ("positions", "remembered", "is_complete"),
    [({}, 0, True), ({}, 1, False), ({TICKS: 3}, 0, False), ({TICKS: 3}, 1, False)],
)
def test_a_replay_is_complete_if_nothing_was_decided_before(
    positions: dict[Partition, int], remembered: int, is_complete: bool
) -> None:
    first, second = adoption(positions, remembered), adoption({TICKS: 9}, 2)
    before, between = Shift({TICKS: 2}, 1, TICKS, 2, 3), Shift({TICKS: 5}, 1, TICKS, 5, 6)
    found = beginning([before, first, between, second])
    assert found == Beginning(positions, [first, between, second], is_complete, 1_000)
    assert beginning([before, between]) is None


def test_behind_a_loss_the_latest_adoption_counts_and_what_came_after_the_loss() -> None:
    lost = Jump({TICKS: 6, ORDERS: 7}, 1_040, ORDERS, "id", 7, 3)
    later = Shift({TICKS: 8, ORDERS: 4}, 1_050, TICKS, 8, 9)
    events: list[TimelineEvent] = [
        adoption({TICKS: 1}),
        Behind({TICKS: 2}, 50),
        adoption({TICKS: 4, ORDERS: 5}, 9),
        Behind({ORDERS: 6}, 60),
        Shift({TICKS: 5, ORDERS: 6}, 1_030, TICKS, 5, 6),
        lost,
        later,
    ]
    start = {TICKS: 6, ORDERS: 3}
    assert beginning(events) == Beginning(
        start, [adoption(start, 9), Behind({ORDERS: 3}, 60), later], False, 1_040
    )
    assert beginning(events[1:2] + events[3:]) is None


def test_records_come_by_append_time_and_then_ticks_before_orders() -> None:
    replay = LogReplay[str](Beginning({TICKS: 5, ORDERS: 7}, [], False, 1_000), {TICKS: 9, ORDERS: 9})
    assert (replayed(replay), replay.wanted) == ([], TICKS)
    replay.offer(TICKS, log(4, 9, o4=900, o5=990, o6=1_010, o8=1_020))
    assert (replayed(replay), replay.wanted) == ([], ORDERS)
    replay.offer(ORDERS, log(7, 8, o7=1_010))
    assert replayed(replay) == [(1_000, ["o5"]), (1_010, ["o6"]), (1_010, ["o7"])]
    assert (replay.wanted, replay.positions) == (ORDERS, {TICKS: 8, ORDERS: 8})
    replay.offer(ORDERS, log(8, 9, o8=1_015))
    assert replayed(replay) == [(1_015, ["o8"]), (1_020, ["o8"])]
    assert (replay.wanted, replay.positions) == (None, {TICKS: 9, ORDERS: 9})


def test_offsets_without_records_hold_up_nothing() -> None:
    replay = LogReplay[str](Beginning({TICKS: 0, ORDERS: 0}, [], True, 0), {TICKS: 9, ORDERS: 2})
    replay.offer(ORDERS, log(0, 2, o0=5, o1=7))
    replay.offer(TICKS, log(0, 9, o2=6, o5=7))
    assert replayed(replay) == [(5, ["o0"]), (6, ["o2"]), (7, ["o5"]), (7, ["o1"])]


def test_append_times_count_as_later_from_an_offset_until_another_or_an_adoption() -> None:
    events: list[TimelineEvent] = [
        adoption({TICKS: 0}, now_ms=0),
        Behind({TICKS: 1}, 50),
        Behind({TICKS: 2}, 60),
        adoption({TICKS: 3}, now_ms=0),
    ]
    replay = LogReplay[str](Beginning({TICKS: 0}, events, True, 0), {TICKS: 5})
    assert replayed(replay) == []
    replay.offer(TICKS, log(0, 5, o0=10, o1=20, o2=30, o3=100, o4=110))
    assert replayed(replay) == [(10, ["o0"]), (70, ["o1"]), (90, ["o2"]), (100, ["o3"]), (110, ["o4"])]


def test_one_run_is_cut_where_append_times_begin_to_count_as_later_and_at_a_shift() -> None:
    found = Range(0, 6, [Run(0, 6, 10)], list(range(6)), list("abcdef"))
    events: list[TimelineEvent] = [Behind({TICKS: 2}, 50), Shift({TICKS: 3}, 75, TICKS, 3, 5)]
    replay = LogReplay[str](Beginning({TICKS: 0}, events, True, 0), {TICKS: 6})
    replay.offer(TICKS, found)
    assert replayed(replay) == [(10, ["a", "b"]), (60, ["c"]), (75, ["d", "e"]), (75, ["f"])]


def test_a_shift_waits_until_all_of_it_is_offered() -> None:
    shift = Shift({TICKS: 0, ORDERS: 0}, 50, ORDERS, 0, 3)
    replay = LogReplay[str](Beginning({TICKS: 0, ORDERS: 0}, [shift], True, 0), {TICKS: 1, ORDERS: 3})
    replay.offer(TICKS, log(0, 1, o0=60))
    assert (replayed(replay), replay.wanted) == ([], ORDERS)
    replay.offer(ORDERS, log(0, 1, o0=9))
    assert (replayed(replay), replay.wanted) == ([(50, ["o0"])], ORDERS)
    replay.offer(ORDERS, log(1, 3, o2=9))
    assert (replayed(replay), replay.wanted) == ([(50, ["o2"]), (60, ["o0"])], None)


def test_what_was_written_after_the_ends_were_asked_for_is_left_out() -> None:
    events: list[TimelineEvent] = [
        Shift({TICKS: 1}, 40, TICKS, 1, 2),
        Shift({TICKS: 1, ORDERS: 1}, 50, TICKS, 1, 3),
        Shift({TICKS: 2}, 60, TICKS, 2, 3),
    ]
    replay = LogReplay[str](Beginning({TICKS: 0}, events, True, 0), {TICKS: 3})
    replay.offer(TICKS, log(0, 3, o0=1, o1=2, o2=3))
    assert replayed(replay) == [(1, ["o0"]), (40, ["o1"]), (40, ["o2"])]


def test_a_jump_leaves_out_what_stands_before_it_once_its_place_is_reached() -> None:
    jumps: list[TimelineEvent] = [
        Jump({TICKS: 1}, 1, TICKS, "id", 1, 3),
        Jump({TICKS: 4}, 1, TICKS, "id", 4, 6),
        Jump({TICKS: 1}, 1, ORDERS, "id", None, 2),
        Jump({}, 1, Partition("ticks", 9), "id", None, 2),
    ]
    replay = LogReplay[str](Beginning({TICKS: 0}, jumps, True, 0), {TICKS: 7, ORDERS: 3})
    assert replay.positions == {TICKS: 0, ORDERS: 2}
    replay.offer(TICKS, log(0, 7, **{f"o{at}": at for at in range(7)}))
    replay.offer(ORDERS, log(0, 3, o0=5, o1=5, o2=5))
    assert replayed(replay) == [(0, ["o0"]), (3, ["o3"]), (5, ["o2"]), (6, ["o6"])]


def test_a_partition_of_which_nothing_was_decided_is_left_out() -> None:
    replay = LogReplay[str](Beginning({TICKS: 0}, [], True, 0), {TICKS: 1, ORDERS: 3})
    replay.offer(ORDERS, log(0, 3, o0=0))
    replay.offer(TICKS, log(0, 1, o0=1))
    assert replayed(replay) == [(1, ["o0"])]
    assert (replay.wanted, replay.positions) == (None, {TICKS: 1, ORDERS: None})


def test_what_a_log_no_longer_holds_is_left_out() -> None:
    jump = Jump({TICKS: 4}, 1, TICKS, "id", 4, 6)
    replay = LogReplay[str](Beginning({TICKS: 0}, [jump], True, 0), {TICKS: 8})
    replay.offer(TICKS, log(0, 3, o0=0, o1=1, o2=2))
    replay.start_at(TICKS, 2)
    assert (replayed(replay), replay.wanted) == ([(2, ["o2"])], TICKS)
    replay.start_at(TICKS, 4)
    assert replay.positions == {TICKS: 6}
    replay.offer(TICKS, log(4, 8, o4=4, o5=5, o7=7))
    assert (replayed(replay), replay.wanted) == ([(7, ["o7"])], None)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, [(0, 3, "abc"), (3, 6, "def"), (6, 8, "gh")]),
        (1, [(1, 3, "bc"), (3, 6, "def"), (6, 8, "gh")]),
        (3, [(3, 6, "def"), (6, 8, "gh")]),
        (4, [(4, 6, "ef"), (6, 8, "gh")]),
        (7, [(7, 8, "h")]),
    ],
)
def test_a_replay_may_begin_anywhere_in_what_is_offered(
    position: int, expected: list[tuple[int, int, str]]
) -> None:
    found = Range(0, 8, [Run(0, 3, 10), Run(3, 3, 20), Run(6, 2, 30)], list(range(8)), list("abcdefgh"))
    replay = LogReplay[str](Beginning({TICKS: position}, [], True, 0), {TICKS: 8})
    replay.offer(TICKS, found)
    taken = [each for each in replay.take() if not isinstance(each, Adoption)]
    assert [(each.first, each.next, "".join(each.records)) for each in taken] == expected


def test_a_partition_begins_where_its_first_jump_says() -> None:
    jump = Jump({}, 1, TICKS, "id", None, 0)
    replay = LogReplay[str](Beginning({}, [jump], True, 0), {TICKS: 2})
    assert replay.positions == {TICKS: 0}
    replay.offer(TICKS, log(0, 2, o0=1, o1=2))
    assert replayed(replay) == [(1, ["o0"]), (2, ["o1"])]


@pytest.mark.parametrize(("first", "position"), [(3, 3), (4, 6), (5, 6), (6, 6), (7, 7)])
def test_a_jump_that_was_passed_counts(first: int, position: int) -> None:
    replay = LogReplay[str](
        Beginning({TICKS: 0}, [Jump({TICKS: 4}, 1, TICKS, "id", 4, 6)], True, 0), {TICKS: 8}
    )
    replay.start_at(TICKS, first)
    assert replay.positions == {TICKS: position}


def test_append_times_count_as_later_from_an_offset_that_was_passed() -> None:
    replay = LogReplay[str](Beginning({TICKS: 0}, [Behind({TICKS: 2}, 50)], True, 0), {TICKS: 6})
    replay.start_at(TICKS, 4)
    replay.offer(TICKS, log(4, 6, o4=10, o5=20))
    assert replayed(replay) == [(60, ["o4"]), (70, ["o5"])]


def test_a_replay_ends_at_large_offsets_too() -> None:
    end = int("100000")
    shift = Shift({TICKS: 99_998}, 50, TICKS, 99_998, int("99999"))
    replay = LogReplay[str](Beginning({TICKS: 99_998}, [shift], True, 0), {TICKS: end})
    replay.offer(TICKS, log(99_998, 100_000, o99998=1, o99999=70))
    assert (replayed(replay), replay.wanted) == ([(50, ["o99998"]), (70, ["o99999"])], None)


def test_an_event_behind_what_a_log_no_longer_holds_waits_for_none_of_it() -> None:
    shift = Shift({TICKS: 2, ORDERS: 0}, 50, ORDERS, 0, 1)
    replay = LogReplay[str](Beginning({TICKS: 0, ORDERS: 0}, [shift], True, 0), {TICKS: 5, ORDERS: 1})
    replay.start_at(TICKS, 4)
    replay.offer(ORDERS, log(0, 1, o0=9))
    assert (replayed(replay), replay.wanted) == ([(50, ["o0"])], TICKS)
    replay.offer(TICKS, log(4, 5, o4=60))
    assert (replayed(replay), replay.wanted) == ([(60, ["o4"])], None)
