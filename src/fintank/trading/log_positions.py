"""How far a shard has come in the logs, and what it gets from them and from the spouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from fintank.trading.partition_log import Partition

T = TypeVar("T")


class Reached(NamedTuple):
    """How far a shard has come in log time: what was to happen up to us has happened.

    symbol: at us itself only the timers of the symbols up to this one, and no record; None for all.
    forgotten_us: the latest timestamp of what was forgotten of symbols without a clock.
    """

    us: int
    symbol: str | None
    forgotten_us: int = 0


NOTHING_REACHED = Reached(0, None)


class LogPosition(NamedTuple):
    """How far a partition is decided: the offset of the next record, and the log time of the last one.

    next is None if none of it was ever decided: then it begins where its spout starts.
    """

    next: int | None
    log_ms: int


@dataclass(frozen=True, slots=True)
class Positions:
    """How far a shard has decided.

    now_ms: the shard's time, in log time; reached: the same exactly. topic_ids: the ids of the topics to
    which the offsets belong; left_ids: those of topics that were recreated since, the latest last.
    """

    now_ms: int = 0
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    partitions: Mapping[Partition, LogPosition] = field(default_factory=dict)
    reached: Reached = NOTHING_REACHED
    left_ids: Sequence[str] = ()


class Taken(NamedTuple, Generic[T]):
    """The records to decide next, all of one partition and one log time.

    next: the partition's position after them. is_shifted: the logs and behind_ms do not give their log time
    or their place in the order (see LogMerge). behind_ms: by how much their append times count as later; None
    if no record stands there.
    """

    partition: Partition
    first: int
    next: int
    log_ms: int
    is_shifted: bool
    records: Sequence[T]
    behind_ms: int | None = None


class LogEnds(NamedTuple):
    """Where a spout's partitions ended when it queried Kafka.

    asked_ms: the time of the query by the spout's clock, which only has to be steady. clock: its name.
    appended_ms: the latest append time that was read since the last report. is_caught_up: a record
    was read that was not there at that report. partitions: for each, the first offset that was read, and
    the end. cuts: the first of the offsets that a broker lost after they were read. full: up to which offset
    those partitions were read of which no more is read until something is acked.
    """

    clock: str
    asked_ms: int
    appended_ms: int | None
    is_caught_up: bool
    partitions: Mapping[Partition, tuple[int, int]]
    cuts: Mapping[Partition, int] = {}
    full: Mapping[Partition, int] = {}
