"""Reading a topic's newest records for a person; no consumer group is joined and nothing is committed."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from fintank.adapters import accounts
from fintank.adapters.kafka import BOOTSTRAP_MS_MAX, TOPICS, ensure_answers, no_answer, no_entry
from fintank.errors import FintankError

TRANSACTIONAL_TOPICS = frozenset({"executions", "fills", "journal"})
"""Written in transactions: of these only committed records are read."""
POLL_MS = 500
FETCH_WAIT_MS_MAX = 50
"""Short, because the fetch sent ahead at a partition's end holds up the next partition."""
SILENT_SECONDS_MAX = 10
DEPTH_GROWTH = 4


@dataclass(frozen=True)
class Record:
    """A record as Kafka holds it; `time_ms` is when the broker appended it, milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None


class TopicReader:
    """Reads the end of a topic: `last` first, then `follow` goes on from there."""

    def __init__(self, address: str, topic: str, consumer: KafkaConsumer) -> None:
        self._address = address
        self._partitions = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
        self._consumer = consumer
        self._ends: dict[TopicPartition, int] = {}

    def last(self, count: int) -> list[Record]:
        """Return the last `count` records that the topic had at the time of the call, in order of time."""
        first = self._consumer.beginning_offsets(self._partitions)
        self._ends = self._consumer.end_offsets(self._partitions)
        records = [
            record
            for partition in self._partitions
            for record in self._tail(partition, first[partition], self._ends[partition], count)
        ]
        return sorted(records, key=_order)[len(records) - min(count, len(records)) :]

    def follow(self) -> Iterator[Record]:
        """Yield what comes after `last`, without end; each poll's records in order of time."""
        self._consumer.assign(self._partitions)
        for partition, offset in self._ends.items():
            self._consumer.seek(partition, offset)
        while True:
            yield from sorted(self._poll(), key=_order)

    def _tail(self, partition: TopicPartition, first: int, end: int, count: int) -> deque[Record]:
        # Offsets have gaps (compaction, commit markers, aborted records), so go back until enough are found.
        depth = count
        while True:
            start = max(first, end - depth)
            found = self._between(partition, start, end, count)
            if len(found) >= count or start == first:
                return found
            depth *= DEPTH_GROWTH

    def _between(self, partition: TopicPartition, start: int, end: int, count: int) -> deque[Record]:
        """Return the last `count` records with offsets from `start` to before `end`."""
        found: deque[Record] = deque(maxlen=count)
        self._consumer.assign([partition])
        self._consumer.seek(partition, start)
        deadline = time.monotonic() + SILENT_SECONDS_MAX
        # A log may end with commit markers: the position, not the last record, says when its end is reached.
        while (position := self._consumer.position(partition)) < end:
            found.extend(record for record in self._poll() if record.offset < end)
            if self._consumer.position(partition) > position:
                deadline = time.monotonic() + SILENT_SECONDS_MAX
            elif time.monotonic() > deadline:
                raise no_answer(self._address)
        return found

    def _poll(self) -> list[Record]:
        polled = self._consumer.poll(timeout_ms=POLL_MS)
        return [
            Record(found.topic, found.partition, found.offset, found.timestamp, found.key, found.value)
            for records in polled.values()
            for found in records
        ]


@contextmanager
def open_reader(address: str, topic: str) -> Iterator[TopicReader]:
    """Open a reader of one of TOPICS, which must exist; Kafka's errors inside become a FintankError."""
    ensure_answers(address)
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=address,
            bootstrap_timeout_ms=BOOTSTRAP_MS_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS_MAX,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            isolation_level="read_committed" if topic in TRANSACTIONAL_TOPICS else "read_uncommitted",
            **accounts.kafka_python_options(),
        )
    except KafkaError as error:
        raise no_entry(address) from error
    try:
        yield TopicReader(address, topic, consumer)
    except KafkaError as error:
        raise FintankError(f"Kafka ({address}) refused: {error}") from error
    finally:
        consumer.close()


def _order(record: Record) -> tuple[int, int, int]:
    return record.time_ms, record.partition, record.offset
