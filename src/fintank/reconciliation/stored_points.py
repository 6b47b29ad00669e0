"""The sink holds exactly the points of a topic's records.

Both sides may be huge and come in different orders, so each is hashed first: every point falls into one of
BUCKETS by its series and time, and a bucket is the sum of its points' hashes. Only the points of buckets
whose sums differ are compared one by one, a bounded number at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from fintank.reconciliation.findings import BreakKind, Result
from fintank.terminal.texts import utc
from fintank.wire.points.point_values import Measurement, Point

BUCKETS = 65_536
POINTS_AT_ONCE_MAX = 500_000


class Digest:
    """The bucket sums of one side."""

    def __init__(self) -> None:
        self.points = 0
        self._sums = [0] * BUCKETS

    def add(self, points: Sequence[Point]) -> None:
        """Add some points."""
        self.points += len(points)
        sums = self._sums
        for point in points:
            sums[hash(point[:2]) % BUCKETS] += hash(point)

    def differences(self, other: "Digest") -> list[int]:
        """Return the buckets in which the two sides differ."""
        pairs = enumerate(zip(self._sums, other._sums, strict=True))
        return [bucket for bucket, (ours, theirs) in pairs if ours != theirs]


def rounds(buckets: Sequence[int], points: int) -> Iterator[frozenset[int]]:
    """Divide buckets so that each round has about POINTS_AT_ONCE_MAX of the `points` in all buckets."""
    at_once = max(1, POINTS_AT_ONCE_MAX * BUCKETS // max(points, 1))
    for start in range(0, len(buckets), at_once):
        yield frozenset(buckets[start : start + at_once])


class RecordedPoint(NamedTuple):
    """A record's point; it must be stored if the topology has processed the record and not rejected it."""

    partition: int
    offset: int
    must_be_stored: bool
    values: tuple[float | str | None, ...]


class Comparison:
    """Compares the points of some buckets one by one: add all stored ones first, then all recorded ones."""

    def __init__(self, topic: str, measurement: Measurement, buckets: Collection[int]) -> None:
        self._topic = topic
        self._fields = measurement.fields
        self._buckets = buckets
        self._stored: dict[tuple[str, int], tuple[float | str | None, ...]] = {}
        self._recorded: dict[tuple[str, int], list[RecordedPoint]] = defaultdict(list)

    def add_stored(self, points: Sequence[Point]) -> None:
        """Add points of the sink."""
        self._stored.update((point[:2], point[2]) for point in points if self._is_wanted(point))

    def add_recorded(
        self, partition: int, offsets: Sequence[int], must_be_stored: Sequence[bool], points: Sequence[Point]
    ) -> None:
        """Add points of records."""
        wanted = list(map(self._is_wanted, points))
        if not any(wanted):
            return
        for offset, must, point in compress(zip(offsets, must_be_stored, points, strict=True), wanted):
            self._recorded[point[:2]].append(RecordedPoint(partition, offset, must, point[2]))

    def judge(self, result: Result, horizon_ns: int | None, kept_since_ns: int) -> None:
        """Add the differences to the result.

        Records of points up to horizon_ns may have been deleted, and so may points before kept_since_ns.
        """
        for key, records in self._recorded.items():
            result.collisions += len(records) - 1
            wanted = sum(record.must_be_stored for record in records)
            if key in self._stored:
                self._check_values(result, key, records)
            elif wanted and key[1] < kept_since_ns:
                result.beyond_retention += wanted
                result.compared -= wanted
            elif wanted:
                detail = f"{_shown(key)} is not stored"
                result.add(BreakKind.POINT_MISSING, self._place(records[-1]), detail)
        for key in self._stored.keys() - self._recorded.keys():
            if horizon_ns is not None and key[1] <= horizon_ns:
                result.beyond_retention += 1
            else:
                detail = f"is stored and not a record of {self._topic}"
                result.add(BreakKind.POINT_WITHOUT_RECORD, _shown(key), detail)

    def _is_wanted(self, point: Point) -> bool:
        return hash(point[:2]) % BUCKETS in self._buckets

    def _check_values(self, result: Result, key: tuple[str, int], records: Sequence[RecordedPoint]) -> None:
        """Check that each value comes from one of the records, which overwrite each other field by field."""
        stored = self._stored[key]
        for index, field in enumerate(self._fields):
            written = [record.values[index] for record in records]
            if stored[index] not in written:
                detail = f"{_shown(key)}: {field} is {stored[index]} in the sink, not {written[-1]}"
                result.add(BreakKind.POINT_DIFFERS, self._place(records[-1]), detail)

    def _place(self, record: RecordedPoint) -> str:
        return f"{self._topic}-{record.partition}-{record.offset}"


def _shown(key: tuple[str, int]) -> str:
    series, time_ns = key
    return f"{series} at {utc(time_ns / 1_000_000)} ({time_ns})"
