"""The rule engine's log of a shard: what it decided, in Kafka, written in transactions.

A shard has one writer at a time, the latest that adopted it: init_transactions of `rule-engine-<shard>` ends
what the writer before left open, and refuses all that it may still try. Only then is the journal read.

Every error is a JournalError, and after one the process must end: whether a failed commit took place is
known only to the next one that adopts the shard.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from fintank.adapters import credentials
from fintank.adapters.kafka import TOPICS, partition_for
from fintank.adapters.topic_reader import open_consumer
from fintank.errors import FintankError
from fintank.trading.changes import Change, Entry
from fintank.trading.reports import Fill, Report
from fintank.wire.kafka import executions, fills, journal_records

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
"""A commit does not wait for it; until then the records gather to large requests."""
LOG_LEVEL = 0
"""Nothing: what goes wrong is told once, by a JournalError."""

JOURNAL = "journal"
EXECUTIONS = "executions"
FILLS = "fills"

Progress = Callable[[str], None]


class JournalError(FintankError):
    """A shard's log can't be read or written."""


class ShardLog:
    """Writes one shard's decisions. Made by `adopt`."""

    def __init__(self, address: str, shard: int, producer: Producer) -> None:
        self._address = address
        self._shard = shard
        self._producer = producer

    def commit(self, reports: Sequence[Report], fills_: Sequence[Fill], journal: Sequence[Change]) -> None:
        """Write all of it in one transaction, or raise JournalError; then it may stand in the log or not."""
        # All is made before the transaction begins: one tick may end 100,000 orders, and its time is bounded.
        records = [(JOURNAL, self._shard, *journal_records.to_record(change)) for change in journal]
        for report in reports:
            records.append((EXECUTIONS, self._shard, report.cl_ord_id, executions.to_json(report)))
        for fill in fills_:
            partition = partition_for(fill.account, TOPICS[FILLS].partitions)
            records.append((FILLS, partition, fill.account, fills.to_json(fill)))
        with _errors(self._address, self._shard, "the transaction was not taken"):
            self._deadline = time.monotonic() + TRANSACTION_MS_MAX / 1000
            self._producer.begin_transaction()
            for record in records:
                self._produce(*record)
            self._producer.commit_transaction(COMMIT_SECONDS_MAX)

    def _produce(self, topic: str, partition: int, key: str, value: str | None) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, partition)
                return
            except BufferError:  # one tick can fill more orders than the queue holds
                if time.monotonic() > self._deadline:
                    raise
                self._producer.poll(QUEUE_WAIT_SECONDS)


def adopt(address: str, shard: int, progress: Progress) -> tuple[ShardLog, list[Entry]]:
    """Become the one writer of a shard; return its log and what its journal holds, one record a kind and id.

    Raise JournalError when Kafka does not let it. progress is told every few seconds how far it is.
    """
    with _errors(address, shard, "the shard can't be adopted"):
        _require_compacted(address)
        producer = Producer(
            {
                "bootstrap.servers": address,
                **credentials.confluent_options(),
                "transactional.id": f"rule-engine-{shard}",
                "transaction.timeout.ms": TRANSACTION_MS_MAX,
                "queue.buffering.max.messages": QUEUE_RECORDS_MAX,
                "linger.ms": LINGER_MS,
                "log_level": LOG_LEVEL,
            }
        )
        producer.init_transactions(INIT_SECONDS_MAX)
        with open_consumer(address, "rule-engine", "read_uncommitted") as consumer:
            first, end = consumer.get_watermark_offsets(TopicPartition(JOURNAL, shard), ANSWER_SECONDS_MAX)
        with open_consumer(address, "rule-engine") as consumer:
            consumer.assign([TopicPartition(JOURNAL, shard, OFFSET_BEGINNING)])
            latest = _latest(_records(consumer, first, end, progress))
    entries = [journal_records.from_record(key.decode(), value.decode()) for key, value in latest.items()]
    return ShardLog(address, shard, producer), entries


def _require_compacted(address: str) -> None:
    """A journal of which records are deleted by age or size forgets orders that are open."""
    admin = AdminClient(
        {"bootstrap.servers": address, **credentials.confluent_options(), "log_level": LOG_LEVEL}
    )
    journal = ConfigResource("topic", JOURNAL)
    told = admin.describe_configs([journal], request_timeout=ANSWER_SECONDS_MAX)[journal]
    policy = told.result()["cleanup.policy"].value
    if policy != TOPICS[JOURNAL].configs["cleanup.policy"]:
        raise JournalError(
            f"Kafka ({address}): the topic '{JOURNAL}' has cleanup.policy={policy} and must be compacted, "
            "else open orders are forgotten: run `invoke topics`, which sets it"
        )


def _latest(records: Iterator[tuple[bytes, bytes | None]]) -> dict[bytes, bytes]:
    """Return the last value of each key, without those that ended in a tombstone."""
    latest: dict[bytes, bytes] = {}
    for key, value in records:
        if value is None:
            latest.pop(key, None)
        else:
            latest[key] = value
    return latest


def _records(
    consumer: Consumer, first: int, end: int, progress: Progress
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield key and value of the committed records before the offset `end`.

    `end` must be the high watermark: what is committed may stand behind another's open transaction, and then
    this reader waits. The log may end with a commit marker, which is no record: only the end of the
    partition, of which Kafka tells, says that all was read.
    """
    position = first
    progressed = told = time.monotonic()
    while position < end:
        message = consumer.poll(POLL_SECONDS)
        now = time.monotonic()
        if message is not None:
            error, offset, key = message.error(), message.offset(), message.key()
            if error is None:
                assert offset is not None
                assert key is not None
                position, progressed = offset + 1, now
                yield key, message.value()
            elif error.code() == KafkaError._PARTITION_EOF:
                assert offset is not None
                position = offset
            elif not error.retriable():
                raise KafkaException(error)
        if now - progressed > SILENT_SECONDS_MAX:
            raise TimeoutError(f"nothing came for {SILENT_SECONDS_MAX:.0f} s at offset {position} of {end}")
        if now - told > PROGRESS_SECONDS:
            told = now
            progress(f"journal read up to offset {position:,} of {end:,}")


@contextmanager
def _errors(address: str, shard: int, what: str) -> Iterator[None]:
    """Make a JournalError of what Kafka and its client raise."""
    try:
        yield
    except (KafkaException, BufferError, TimeoutError) as error:
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        raise JournalError(f"shard {shard}, Kafka ({address}): {what}: {reason}") from error
