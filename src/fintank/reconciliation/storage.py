"""Comparing a topic with its measurement in InfluxDB; the topic is read once, twice if they differ."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple, Protocol

from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.topic_reader import open_reader
from fintank.reconciliation.reading import batches, oldest_ms
from fintank.reconciliation.rejected import Rejected
from fintank.reconciliation.results import CLOCK_SKEW_MS_MAX, Logs, Result
from fintank.reconciliation.stored_points import Comparison, Digest, rounds
from fintank.terminal.screen import progress
from fintank.wire.bolts.offsets import parse_offsets
from fintank.wire.kafka import executions, fills, ticks
from fintank.wire.points.point_values import BID_ASK, EXECUTIONS, FILLS, Measurement, Point, of_lines

See = Callable[[int, Sequence[int], Sequence[str]], None]


class Lines(Protocol):
    """What the deserializers make of a batch."""

    @property
    def lines(self) -> str: ...

    @property
    def offsets(self) -> str: ...


@dataclass(frozen=True)
class View:
    """A topic, the measurement that it is loaded into, and what makes lines of its records."""

    topic: str
    measurement: Measurement
    to_lines: Callable[[str, int, str, str], Lines]


TICKS_VIEW = View("ticks", BID_ASK, ticks.to_lines)
EXECUTIONS_VIEW = View("executions", EXECUTIONS, executions.to_lines)
FILLS_VIEW = View("fills", FILLS, fills.to_lines)


class Part(NamedTuple):
    """Some records of one partition as lines and points, their offsets, and how far each must be stored."""

    partition: int
    offsets: list[int]
    lines: list[str]
    points: list[Point]
    is_done: list[bool]
    is_rejected: list[bool]
    unusable: list[tuple[int, int]]

    @property
    def must_be_stored(self) -> list[bool]:
        """Whether InfluxDB must hold each point."""
        return [done and not refused for done, refused in zip(self.is_done, self.is_rejected, strict=True)]


class Storage:
    """Compares topics with InfluxDB."""

    def __init__(
        self, address: str, influx: InfluxDB, kept_seconds: int, logs: Logs, rejected: Rejected
    ) -> None:
        """kept_seconds: so long InfluxDB keeps points, 0 if for ever."""
        self._address = address
        self._influx = influx
        self._kept_seconds = kept_seconds
        self._logs = logs
        self._rejected = rejected

    def compare(self, view: View, see: See | None = None) -> Result:
        """Compare all records of a topic with its measurement; `see` is shown each record's line once.

        What a record's point is, is asked of the code that made it: a topic's records always give the same.
        """
        result = Result(f"{view.topic} are in InfluxDB")
        recorded, stored = Digest(), Digest()
        earliest_ns: int | None = None
        for part in self._recorded(view):
            self._rejected.check(view.topic, part.partition, part.unusable)
            if see is not None:
                see(part.partition, part.offsets, part.lines)
            if part.points:
                earliest = min(point[1] for point in part.points)
                earliest_ns = earliest if earliest_ns is None else min(earliest, earliest_ns)
            must_be_stored = part.must_be_stored
            recorded.add(list(compress(part.points, must_be_stored)))
            result.compared += sum(must_be_stored)
            result.pending += part.is_done.count(False)
            result.rejected += sum(part.is_rejected)
        # Of a log that lost its start InfluxDB may hold any number of older points.
        since_ns = earliest_ns if self._horizon_ns(view.topic) is not None else None
        for points in self._stored(view, since_ns, recorded.points):
            stored.add(points)
        differences = recorded.differences(stored)
        for buckets in rounds(differences, recorded.points + stored.points):
            self._compare_closely(view, since_ns, Comparison(view.topic, view.measurement, buckets), result)
        return result

    def _compare_closely(
        self, view: View, since_ns: int | None, comparison: Comparison, result: Result
    ) -> None:
        # InfluxDB first: then every point that it holds has its record before the topic's end.
        for points in self._stored(view, since_ns, None):
            comparison.add_stored(points)
        for part in self._recorded(view):
            comparison.add_recorded(part.partition, part.offsets, part.must_be_stored, part.points)
        comparison.judge(result, self._horizon_ns(view.topic), self._kept_since_ns())

    def _kept_since_ns(self) -> int:
        """Return up to which time InfluxDB may have deleted points by now."""
        return time.time_ns() - self._kept_seconds * 1_000_000_000 if self._kept_seconds else 0

    def _horizon_ns(self, topic: str) -> int | None:
        """Return up to which time there may be points of records that were deleted; None without such."""
        with open_reader(self._address, topic) as reader:
            starts = reader.starts()
        oldest = oldest_ms(self._address, topic, starts)
        # A record tells of a time at most a minute after its own.
        return (max(oldest.values()) + CLOCK_SKEW_MS_MAX) * 1_000_000 if oldest else None

    def _recorded(self, view: View) -> Iterator[Part]:
        with open_reader(self._address, view.topic) as reader:
            for batch in batches(reader, reader.starts(), f"comparing {view.topic}"):
                if not batch.offsets:
                    yield Part(batch.partition, [], [], [], [], [], batch.not_utf8)
                    continue
                made = view.to_lines(view.topic, batch.partition, batch.runs, batch.records)
                offsets = parse_offsets(made.offsets) if made.lines else []
                committed = self._logs[view.topic, batch.partition].committed or 0
                refused = self._rejected.offsets(view.topic, batch.partition)
                yield Part(
                    batch.partition,
                    offsets,
                    made.lines.split("\n") if made.lines else [],
                    of_lines(view.measurement, made.lines),
                    list(map(committed.__gt__, offsets)),
                    list(map(refused.__contains__, offsets)),
                    batch.unusable(offsets),
                )

    def _stored(self, view: View, since_ns: int | None, expected: int | None) -> Iterator[list[Point]]:
        with progress(transient=True) as bar:
            task = bar.add_task(f"reading {view.measurement.name} of InfluxDB", total=expected)
            for points in self._influx.points(view.measurement, since_ns):
                yield points
                bar.advance(task, len(points))
