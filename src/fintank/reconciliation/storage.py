"""Comparing a topic with its measurement in the sink; the topic is read once, twice if they differ."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import NamedTuple

from fintank.adapters.sinks import Store
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.findings import Result
from fintank.reconciliation.spout_batches import SpoutBatch, read_batches
from fintank.reconciliation.stored_points import Comparison, Digest, rounds
from fintank.reconciliation.topic_logs import CLOCK_SKEW_MS_MAX, TopicLogs, oldest_ms
from fintank.terminal.screen import progress
from fintank.trading.instruments import Instruments
from fintank.wire.bolts.offsets import parse_offsets
from fintank.wire.kafka import executions, fills, ticks
from fintank.wire.kafka.records import LineBatch
from fintank.wire.points.point_values import BID_ASK, EXECUTIONS, FILLS, Measurement, Point, of_lines

See = Callable[[int, Sequence[int], Sequence[str]], None]


@dataclass(frozen=True)
class StoredTopic:
    """A topic, the measurement that it is loaded into, and what turns a spout's batch into lines."""

    topic: str
    measurement: Measurement
    to_lines: Callable[[str, int, str, str], LineBatch | ticks.TickBatch]


def ticks_topic(instruments: Instruments) -> StoredTopic:
    """Return the topic ticks; the instruments tell which prices may be negative."""
    to_lines = partial(ticks.to_lines, allows_negative=instruments.allows_negative)
    return StoredTopic("ticks", BID_ASK, to_lines)


EXECUTIONS_TOPIC = StoredTopic("executions", EXECUTIONS, executions.to_lines)
FILLS_TOPIC = StoredTopic("fills", FILLS, fills.to_lines)


class RecordedPoints(NamedTuple):
    """Some records of one partition as lines and points; must_be_stored: whether the sink must hold each."""

    partition: int
    offsets: list[int]
    lines: list[str]
    points: list[Point]
    must_be_stored: list[bool]
    pending: int
    rejected: int
    unusable: list[tuple[int, int]]


class Storage:
    """Compares topics with what is stored of them."""

    def __init__(self, address: str, store: Store, logs: TopicLogs, unusable: Result) -> None:
        self._address = address
        self._store = store
        self._logs = logs
        self._unusable = unusable
        self._retention_ns = store.retention().seconds * 1_000_000_000

    def compare(self, stored_topic: StoredTopic, see: See | None = None) -> Result:
        """Compare all records of a topic with its measurement; call `see` with each record's line once.

        The lines come from the topology's own code, which turns a record into the same line every time.
        """
        result = Result(f"{stored_topic.topic} are stored")
        recorded, stored = Digest(), Digest()
        earliest_ns: int | None = None
        for part in self._recorded(stored_topic):
            self._logs.check_unusable(self._unusable, (stored_topic.topic, part.partition), part.unusable)
            if see is not None:
                see(part.partition, part.offsets, part.lines)
            for _, time_ns, _ in part.points:
                earliest_ns = time_ns if earliest_ns is None else min(earliest_ns, time_ns)
            recorded.add(list(compress(part.points, part.must_be_stored)))
            result.compared += sum(part.must_be_stored)
            result.pending += part.pending
            result.rejected += part.rejected
        # If the log has lost its start, the sink may hold any number of older points.
        horizon_ns = self._horizon_ns(stored_topic.topic)
        since_ns = None if horizon_ns is None else earliest_ns
        for points in self._stored(stored_topic.measurement, since_ns, recorded.points):
            stored.add(points)
        for buckets in rounds(recorded.differences(stored), recorded.points + stored.points):
            comparison = Comparison(stored_topic.topic, stored_topic.measurement, buckets)
            self._compare_points(stored_topic, since_ns, comparison)
            comparison.judge(result, self._horizon_ns(stored_topic.topic), self._kept_since_ns())
        return result

    def _compare_points(
        self, stored_topic: StoredTopic, since_ns: int | None, comparison: Comparison
    ) -> None:
        # The sink first: then every point that it holds has its record before the topic's end.
        for points in self._stored(stored_topic.measurement, since_ns, None):
            comparison.add_stored(points)
        for part in self._recorded(stored_topic):
            comparison.add_recorded(part.partition, part.offsets, part.must_be_stored, part.points)

    def _kept_since_ns(self) -> int:
        """Return the time up to which the sink may have deleted points by now."""
        return time.time_ns() - self._retention_ns if self._retention_ns else 0

    def _horizon_ns(self, topic: str) -> int | None:
        """Return the time up to which the sink may hold points of deleted records; None without any."""
        with open_reader(self._address, topic) as reader:
            starts = reader.starts()
        oldest = oldest_ms(self._address, topic, starts)
        # A record's timestamp is at most a minute ahead of its append time.
        return (max(oldest.values()) + CLOCK_SKEW_MS_MAX) * 1_000_000 if oldest else None

    def _recorded(self, stored_topic: StoredTopic) -> Iterator[RecordedPoints]:
        with open_reader(self._address, stored_topic.topic) as reader:
            for batch in read_batches(reader, reader.starts(), f"comparing {stored_topic.topic}"):
                yield self._points_of(stored_topic, batch)

    def _points_of(self, stored_topic: StoredTopic, batch: SpoutBatch) -> RecordedPoints:
        topic, partition = stored_topic.topic, batch.partition
        lines, offsets = "", list[int]()
        if batch.offsets:
            lines, runs, *_ = stored_topic.to_lines(topic, partition, batch.runs, batch.records)
            offsets = parse_offsets(runs) if lines else []
        log = self._logs.partitions[topic, partition]
        committed = log.committed or 0
        return RecordedPoints(
            partition=partition,
            offsets=offsets,
            lines=lines.split("\n") if lines else [],
            points=of_lines(stored_topic.measurement, lines),
            must_be_stored=[offset < committed and offset not in log.rejected for offset in offsets],
            pending=len(offsets) - bisect_left(offsets, committed),
            rejected=len(log.rejected.intersection(offsets)),
            unusable=batch.unusable(offsets),
        )

    def _stored(
        self, measurement: Measurement, since_ns: int | None, expected: int | None
    ) -> Iterator[list[Point]]:
        with progress(transient=True) as bar:
            task = bar.add_task(f"reading {measurement.name} back", total=expected)
            for points in self._store.points(measurement, since_ns):
                yield points
                bar.advance(task, len(points))
