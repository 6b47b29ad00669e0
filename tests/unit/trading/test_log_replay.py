"""A replay that begins where a shard was adopted, as its timeline no longer tells what was before."""

from fintank.trading.log_merge import LogMerge
from fintank.trading.log_positions import LogEnds, LogPosition, Positions
from fintank.trading.log_replay import LogReplay, beginning
from fintank.trading.partition_log import Partition, Range, Run
from fintank.trading.timeline import Adoption, TimelineNotes

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
