"""A replay that begins where a shard was adopted, as its timeline no longer tells what was before."""

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions, Reached
from fintank.trading.log_replay import LogReplay, beginning
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.timeline import Adoption, Behind, Jump, TimelineNotes

TICKS, ORDERS = Partition("ticks", 0), Partition("orders", 0)


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
