"""A shard's log in Kafka: what the rule engine decided, written in transactions.

A shard has one writer, the latest to adopt it: init_transactions of `rule-engine-<shard>` aborts the open
transaction of the previous writer and fences it. Only then is the journal read.

`invoke reshard` does the same with all shards, and writes a new generation of journals under the id
`reshard`. So whoever adopts a shard fences that id as well, and then reads which generation is current:
either the new one is complete by then, or it never will be, or this adopter was fenced itself.

Every error is a JournalError, after which the process must end: only the next one to adopt the shard learns
whether a failed commit took place.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from fintank.adapters import generations, kafka_refusals, kafka_security, kafka_topics, ports, required_topics
from fintank.adapters.consumers import bounds, is_end, is_record, open_consumer
from fintank.adapters.kafka_topics import fills_partition, reports_partition, topic_of
from fintank.errors import FintankError
from fintank.trading.changes import Change, Entry, EntryId
from fintank.trading.partition_log import Partition
from fintank.trading.recovery import Recovery
from fintank.trading.reports import Fill, Report
from fintank.trading.timeline import TimelineEvent
from fintank.wire.kafka import executions, fills, journal_records, timeline_records

TRANSACTION_MS_MAX = 25_000
INIT_SECONDS_MAX = 30.0
COMMIT_SECONDS_MAX = 25.0
SILENT_SECONDS_MAX = 30.0
PROGRESS_SECONDS = 5.0
QUEUE_RECORDS_MAX = 200_000
QUEUE_WAIT_SECONDS = 0.1
POLL_SECONDS = 0.5
ANSWER_SECONDS_MAX = 30.0
LINGER_MS = 50
"""Batches records into large requests; a commit does not wait for it."""

RESHARD = "reshard"
"""The transactional id of the writer of a new generation."""

FENCED = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
"""What a writer's client says when there is another writer."""

UNREADABLE_CURE = (
    "start the version of fintank that wrote it; `invoke reset` deletes all data, open orders too"
)

Progress = Callable[[str], None]


class JournalError(FintankError):
    """A shard's log can't be read or written."""


class ShardLog:
    """Writes one shard's decisions; made by `adopt`."""

    def __init__(self, address: str, shard: int, generation: int, producer: Producer) -> None:
        self._address = address
        self._shard = shard
        self._journal = topic_of("journal", generation)
        self._timeline = topic_of("timeline", generation)
        self._producer = producer

    def commit(
        self,
        reports: Sequence[Report],
        fills_: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        """Write all of it in one transaction; after a JournalError it may be in the log or not."""
        # The records are made before the transaction, whose time is bounded: one tick may end 100,000 orders.
        records = [(self._journal, self._shard, *journal_records.to_record(change)) for change in journal]
        for report in reports:
            partition = reports_partition(report.symbol)
            records.append(("executions", partition, report.identity.cl_ord_id, executions.to_json(report)))
        records += [(self._timeline, self._shard, *timeline_records.to_record(event)) for event in events]
        for fill in fills_:
            records.append(("fills", fills_partition(fill.account), fill.account, fills.to_json(fill)))
        with errors(self._address, f"shard {self._shard}", "the transaction failed"):
            write(self._producer, records)


LogRecord = tuple[str, int, str, str | None]
"""Topic, partition, key and value."""


def write(producer: Producer, records: Iterable[LogRecord]) -> None:
    """Write records in one transaction."""
    deadline = time.monotonic() + TRANSACTION_MS_MAX / 1000
    producer.begin_transaction()
    for topic, partition, key, value in records:
        produce(producer, deadline, topic, value, key, partition)
    producer.commit_transaction(COMMIT_SECONDS_MAX)


def produce(producer: Producer, deadline: float, *record: Any, **more: Any) -> None:
    """Queue a record; wait while the queue is full, BufferError when it is after the deadline."""
    while True:
        try:
            producer.produce(*record, **more)
            return
        except BufferError:  # one tick may fill more orders than the queue holds
            if time.monotonic() > deadline:
                raise
            producer.poll(QUEUE_WAIT_SECONDS)


class JournalEntries:
    """What a journal holds, in the order in which it was written; to be iterated over once.

    Raises ValueError for an unreadable record. is_outdated, at the end: whether they must be rewritten in the
    present version.
    """

    def __init__(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        self.is_outdated = False
        self._records = records

    def __iter__(self) -> Iterator[Entry | EntryId]:
        """Yield the entries, and the ids of those that were forgotten."""
        has_positions = False
        for key, value in self._records:
            if value is not None:
                # An upgrade writes the positions last: their version says whether it was completed.
                if key == journal_records.POSITIONS_KEY:
                    self.is_outdated, has_positions = not journal_records.is_current(value), True
                elif not has_positions and not self.is_outdated:
                    self.is_outdated = not journal_records.is_current(value)
            yield journal_records.from_record(key.decode(), None if value is None else value.decode())

    def recovery(self) -> Recovery:
        """Read them, and return what the shard remembers; JournalError for an unreadable record."""
        recovery = Recovery()
        try:
            for entry in self:
                recovery.take(entry)
        except ValueError as error:
            raise JournalError(f"{error}: {UNREADABLE_CURE}") from error
        return recovery


def adopt(address: str, shard: int, progress: Progress) -> tuple[ShardLog, JournalEntries]:
    """Become the one writer of a shard; return its log, and what its journal holds.

    Raise JournalError if Kafka does not allow it, also while the entries are read. progress gets a line
    every few seconds meanwhile.
    """
    with errors(address, f"shard {shard}", "it can't be adopted"):
        try:
            wrong = required_topics.problems(address)
        except KafkaException as error:
            if not ports.listens(address):
                raise
            raise JournalError(kafka_refusals.reason(address)) from error
        if wrong:
            raise JournalError("; ".join(wrong))
        generation = kafka_topics.generation()
        producer = fenced(address, f"rule-engine-{shard}")
        fenced(address, RESHARD)
        topics_now = producer.list_topics(timeout=ANSWER_SECONDS_MAX).topics
        if generations.complete(address, topics_now)[-1] != generation:
            raise JournalError(
                f"shard {shard}: `invoke reshard` has just changed the number of shards: start again"
            )
        entries = JournalEntries(read_journal(address, shard, generation, progress))
    return ShardLog(address, shard, generation, producer), entries


def log_ends(address: str, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """Return where logs end now, open transactions included; JournalError if Kafka does not say."""
    with (
        errors(address, "rule-engine", "it does not say where logs end"),
        open_consumer(address, "rule-engine", "read_uncommitted") as consumer,
    ):
        return {place: bounds(consumer, TopicPartition(*place))[1] for place in partitions}


def fenced(
    address: str, transactional_id: str, options: Mapping[str, Any] = MappingProxyType({})
) -> Producer:
    """Return the only producer with this id that can still write; open transactions are aborted.

    options: more of the client's.
    """
    producer = Producer(
        {
            **kafka_security.client_options(address),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": TRANSACTION_MS_MAX,
            "queue.buffering.max.messages": QUEUE_RECORDS_MAX,
            "linger.ms": LINGER_MS,
            **options,
        }
    )
    producer.init_transactions(INIT_SECONDS_MAX)
    return producer


def read_journal(
    address: str, shard: int, generation: int, progress: Progress
) -> Iterator[tuple[bytes, bytes | None]]:
    """Return key and value of all committed records of a journal, whose writers are fenced."""
    place = TopicPartition(topic_of("journal", generation), shard, OFFSET_BEGINNING)
    with open_consumer(address, "rule-engine", "read_uncommitted") as consumer:
        first, end = bounds(consumer, place)
    return _read(address, place, first, end, progress)


def _read(
    address: str, place: TopicPartition, first: int, end: int, progress: Progress
) -> Iterator[tuple[bytes, bytes | None]]:
    with (
        errors(address, f"shard {place.partition}", "its journal can't be read"),
        open_consumer(address, "rule-engine") as consumer,
    ):
        consumer.assign([place])
        yield from _records(consumer, first, end, progress)


def _records(
    consumer: Consumer, first: int, end: int, progress: Progress
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield key and value of the committed records before the offset `end`.

    `end` must be the high watermark: committed records may follow another writer's open transaction, and then
    this reader waits. The log may end with a commit marker, which is not a record, so only Kafka's
    end-of-partition event shows that everything was read.
    """
    position = first
    progressed = reported = time.monotonic()
    while position < end:
        message = consumer.poll(POLL_SECONDS)
        now = time.monotonic()
        if message is not None:
            offset, key = message.offset(), message.key()
            if is_record(message):
                assert offset is not None
                assert key is not None
                position, progressed = offset + 1, now
                yield key, message.value()
            elif is_end(message):
                assert offset is not None
                position = offset
        if now - progressed > SILENT_SECONDS_MAX:
            raise TimeoutError(f"nothing came for {SILENT_SECONDS_MAX:.0f} s at offset {position} of {end}")
        if now - reported > PROGRESS_SECONDS:
            reported = now
            progress(f"journal read up to offset {position:,} of {end:,}")


@contextmanager
def errors(address: str, who: str, what: str) -> Iterator[None]:
    """Turn what Kafka and its client raise into a JournalError."""
    try:
        yield
    except JournalError:
        raise
    except FintankError as error:
        raise JournalError(str(error)) from error
    except (KafkaException, BufferError, TimeoutError) as error:
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        raise JournalError(f"{who}, Kafka ({address}): {what}: {reason}") from error
