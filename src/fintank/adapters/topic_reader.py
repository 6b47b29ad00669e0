"""Reading a topic without joining a consumer group: nothing is committed.

Like the spouts, it reads committed records only. It uses confluent-kafka's consumer, because kafka-python's
is several times slower and lacks three of Kafka's four codecs.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import cast

from confluent_kafka import Consumer, Message, TopicPartition

from fintank.adapters.consumers import (
    ANSWER_SECONDS_MAX,
    bounds,
    is_end,
    is_record,
    open_consumer,
    patiently,
)
from fintank.adapters.kafka import ensure_admits, no_answer
from fintank.adapters.kafka_topics import topics
from fintank.wire.kafka.records import Headers, Record

SILENT_SECONDS_MAX = 20.0
POLL_SECONDS = 0.5
POLLED_RECORDS_MAX = 1_000
BATCH_BYTES_MAX = 16 * 1024 * 1024
"""A list of records is bounded by its bytes, too: one record may have a million."""
DEPTH_GROWTH = 4
"""How many times as far back `last` looks where too few records were found."""
SKIPPED_RECORDS_MAX = 1_000
"""Up to this many unwanted records are read and skipped; over more, the reader jumps to the next wanted."""
FOLLOWED_RECORDS_MAX = 1_000
FOLLOWED_SECONDS = 0.2
"""Records that arrive within it are ordered by time."""
CLOCK_BACK_MS_MAX = 60_000
"""By how much the broker's clock may have been set back; records are found by its times."""

Positions = dict[int, int]
"""partition -> the next offset to read."""


class TopicReader:
    """Reads committed records of one topic. Created by `open_reader`."""

    def __init__(self, address: str, topic: str, consumer: Consumer) -> None:
        self._address = address
        self._topic = topic
        self._consumer = consumer

    def starts(self, partitions: Iterable[int] | None = None, since_ms: int | None = None) -> Positions:
        """Return the first offsets, or those of the first records appended at `since_ms` or later."""
        first = {partition: self._bounds(partition)[0] for partition in self._numbers(partitions)}
        if since_ms is None or not first:
            return first
        times = [TopicPartition(self._topic, partition, since_ms) for partition in first]
        found = patiently(lambda: self._consumer.offsets_for_times(times, timeout=ANSWER_SECONDS_MAX))
        # A negative offset means that there is no such record: then the end.
        return {
            place.partition: place.offset if place.offset >= 0 else self._bounds(place.partition)[1]
            for place in found
        }

    def ends(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the offsets after the last committed records; an open transaction holds them back."""
        return {partition: self._bounds(partition)[1] for partition in self._numbers(partitions)}

    def ahead(self, positions: Positions) -> int:
        """Return the number of offsets up to the end, some of which may hold no record."""
        return sum(self._bounds(partition)[1] - offset for partition, offset in positions.items())

    def read(self, positions: Positions) -> Iterator[Record]:
        """Yield the records from these positions to the end, in order by partition; advance the positions.

        Records that are appended meanwhile may follow.
        """
        waiting = {
            partition for partition, offset in positions.items() if offset < self._bounds(partition)[1]
        }
        self._assign({partition: positions[partition] for partition in sorted(waiting)})
        deadline = time.monotonic() + SILENT_SECONDS_MAX
        while waiting:
            polled = self._poll()
            if not polled and time.monotonic() > deadline:
                raise no_answer(self._address)
            for message in polled:
                record = self._record(message)
                if record is not None:
                    positions[record.partition] = record.offset + 1
                    yield record
                    deadline = time.monotonic() + SILENT_SECONDS_MAX
                elif is_end(message):
                    # The log may end with commit markers or an open transaction: offsets don't tell the end.
                    waiting.discard(message.partition())

    def last(self, count: int, ends: Positions) -> list[Record]:
        """Return the last `count` records before these ends, of all partitions together, ordered by time."""
        found = [record for partition in ends for record in self._tail(partition, ends[partition], count)]
        return sorted(found, key=_order)[max(len(found) - count, 0) :]

    def follow(self, positions: Positions) -> Iterator[Record]:
        """Yield records from these positions on, forever; those that arrive together are ordered by time."""
        self._assign(positions)
        while True:
            polled = self._consumer.consume(FOLLOWED_RECORDS_MAX, FOLLOWED_SECONDS)
            records = [record for message in polled if (record := self._record(message)) is not None]
            yield from sorted(records, key=_order)

    def record_at(self, partition: int, offset: int) -> Record | None:
        """Return the record at an offset, or None if it holds none or no longer does."""
        first, end = self._bounds(partition)
        if not first <= offset < end:
            return None
        found = next(self.read({partition: offset}), None)
        return found if found is not None and found.offset == offset else None

    def first_ms(self, partition: int, offset: int) -> int | None:
        """Return when the first record from an offset on was appended; None if there is none."""
        found = next(self.read({partition: offset}), None)
        return None if found is None else found.time_ms

    def records_at(self, partition: int, offsets: Sequence[int]) -> Iterator[Record]:
        """Yield the records at ascending offsets, without those that hold none or no longer do."""
        first = self._bounds(partition)[0]
        runs: list[list[int]] = []
        for offset in offsets:
            if offset < first:
                continue
            if runs and offset - runs[-1][-1] <= SKIPPED_RECORDS_MAX:
                runs[-1].append(offset)
            else:
                runs.append([offset])
        for run in runs:
            wanted = {*run}
            for record in self.read({partition: run[0]}):
                if record.offset in wanted:
                    yield record
                if record.offset >= run[-1]:
                    break

    def _poll(self) -> list[Message]:
        """Wait for a message; return it and all that are there with it, or none after POLL_SECONDS."""
        first = self._consumer.poll(POLL_SECONDS)
        return [] if first is None else [first, *self._consumer.consume(POLLED_RECORDS_MAX, 0)]

    def _tail(self, partition: int, end: int, count: int) -> Iterable[Record]:
        # Offsets have gaps (compaction, commit markers, aborted records): go back until enough are found.
        first, depth = self._bounds(partition)[0], count
        while True:
            start = max(first, end - depth)
            before = takewhile(lambda record: record.offset < end, self.read({partition: start}))
            found = deque(before, maxlen=count)
            if len(found) == count or start == first:
                return found
            depth *= DEPTH_GROWTH

    def _assign(self, positions: Positions) -> None:
        self._consumer.assign(
            [TopicPartition(self._topic, partition, offset) for partition, offset in positions.items()]
        )

    def _record(self, message: Message) -> Record | None:
        """Return the record of a message, or None for an end or a transient error; raise a lasting error."""
        if not is_record(message):
            return None
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        place = (self._topic, partition, offset, message.timestamp()[1])
        return Record(*place, message.key(), message.value(), cast(Headers, tuple(message.headers() or ())))

    def _numbers(self, partitions: Iterable[int] | None) -> Iterable[int]:
        return range(topics()[self._topic].partitions) if partitions is None else sorted(partitions)

    def _bounds(self, partition: int) -> tuple[int, int]:
        return bounds(self._consumer, TopicPartition(self._topic, partition))


@contextmanager
def open_reader(address: str, topic: str) -> Iterator[TopicReader]:
    """Open a reader of one of the topics, which must exist; Kafka's errors inside become a FintankError."""
    ensure_admits(address)
    with open_consumer(address, "fintank-commands") as consumer:
        yield TopicReader(address, topic, consumer)


def batches(records: Iterable[Record], records_max: int) -> Iterator[list[Record]]:
    """Divide records into lists, each of one partition and of about BATCH_BYTES_MAX at most."""
    waiting: dict[int, list[Record]] = defaultdict(list)
    sizes: Counter[int] = Counter()
    for record in records:
        partition = record.partition
        waiting[partition].append(record)
        sizes[partition] += len(record.value or b"")
        if len(waiting[partition]) == records_max or sizes[partition] >= BATCH_BYTES_MAX:
            yield waiting.pop(partition)
            del sizes[partition]
    yield from waiting.values()


def _order(record: Record) -> tuple[int, int, int]:
    return record.time_ms, record.partition, record.offset
