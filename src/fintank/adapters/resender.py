"""Sending records again to where they were, each once.

A resent record is the original, byte for byte with its key and headers, and the header ORIGIN_HEADER with
the original's topic-partition-offset. All calls share one transactional id: opening a Resender ends the
transactions of all earlier calls, and their records are looked up after that. So neither a second call, nor
one at the same time, nor one after a crash sends a record twice.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from confluent_kafka import KafkaException, Producer

from fintank.adapters import journal
from fintank.adapters.kafka import ensure_admits
from fintank.adapters.topic_reader import CLOCK_BACK_MS_MAX, TopicReader
from fintank.errors import FintankError
from fintank.wire.kafka.records import Record

ORIGIN_HEADER = "fintank-origin"
TRANSACTIONAL_ID = "fintank-resend"
TRANSACTION_RECORDS_MAX = 1_000
TRANSACTION_BYTES_MAX = 16 * 1024 * 1024
RECORD_BYTES_MAX = 64 * 1024 * 1024
"""The broker has the last word: what it let in once, it takes again."""
ABORT_SECONDS_MAX = 5.0


class Resender:
    """Sends records in transactions; made by `open_resender`."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._records = self._bytes = 0
        self.sent = 0
        """How many records are committed."""

    def send(self, record: Record) -> None:
        """Send a record; it counts once it is committed, which also happens on the way."""
        if not self._records:
            self._producer.begin_transaction()
            self._deadline = time.monotonic() + journal.TRANSACTION_MS_MAX / 1000
        headers = [header for header in record.headers if header[0] != ORIGIN_HEADER]
        headers.append((ORIGIN_HEADER, record.place.encode()))
        place = (record.topic, record.value, record.key, record.partition)
        journal.produce(self._producer, self._deadline, *place, headers=headers)
        self._records += 1
        self._bytes += len(record.value or b"")
        if self._records >= TRANSACTION_RECORDS_MAX or self._bytes >= TRANSACTION_BYTES_MAX:
            self.commit()

    def commit(self) -> None:
        """Commit what was sent."""
        if self._records:
            self._producer.commit_transaction(journal.COMMIT_SECONDS_MAX)
            self.sent += self._records
            self._records = self._bytes = 0

    def abort(self) -> None:
        """Abort what is not committed; a broker that does not answer aborts it later."""
        if self._records:
            with suppress(KafkaException):
                self._producer.abort_transaction(ABORT_SECONDS_MAX)


@contextmanager
def open_resender(address: str) -> Iterator[Resender]:
    """Become the one who resends; Kafka's errors inside become a FintankError, and nothing is half sent."""
    ensure_admits(address)
    # A record above the broker's limit came compressed.
    options = {"message.max.bytes": RECORD_BYTES_MAX, "compression.type": "zstd"}
    try:
        resender = Resender(journal.fenced(address, TRANSACTIONAL_ID, options))
        try:
            yield resender
            resender.commit()
        finally:
            resender.abort()
    except (KafkaException, BufferError) as error:
        raise FintankError(_reason(address, error)) from error


def resent_places(reader: TopicReader, since_ms: int) -> Iterator[str]:
    """Yield the places of the records that were resent to a topic since then."""
    return origins(reader.read(reader.starts(since_ms=since_ms - CLOCK_BACK_MS_MAX)))


def origins(records: Iterable[Record]) -> Iterator[str]:
    """Yield the place of the original of each record that was resent."""
    for record in records:
        for name, value in record.headers:
            if name == ORIGIN_HEADER and isinstance(value, bytes):
                yield value.decode(errors="replace")


def _reason(address: str, error: KafkaException | BufferError) -> str:
    if isinstance(error, BufferError):
        return f"Kafka ({address}) takes the records too slowly: see `invoke status`, then resend again"
    found = error.args[0]
    if found.code() in journal.FENCED:
        return "Another `invoke rejects --resend` has started meanwhile and continues in place of this one."
    return (
        f"Kafka ({address}) did not take the records ({found.str()}): see `invoke status`, then resend again"
    )
