"""Producing sample records to Kafka."""

import time
from collections.abc import Iterable

from fintank.adapters import kafka
from fintank.adapters.bulk_producer import BulkProducer
from fintank.terminal.screen import progress
from fintank.terminal.texts import counted

INTERRUPTED_FLUSH_SECONDS = 5

KeyedRecord = tuple[str, bytes]
"""A record's key and value."""
PlacedRecord = tuple[str, bytes, int | None]
"""A record's key, value, and partition if that is not the key's."""


def make_topics(address: str) -> None:
    """Create the topics that are missing."""
    with kafka.connect(address) as admin:
        kafka.ensure_topics(admin)


def send(
    address: str, topic: str, noun: str, records: Iterable[KeyedRecord | PlacedRecord], total: int
) -> None:
    """Send records behind a progress bar, and print how long it took."""
    producer = BulkProducer(address, topic)
    started = time.monotonic()
    try:
        with progress() as bar:
            for record in bar.track(records, total=total, description="sending"):
                partition = record[2] if len(record) == 3 else None
                producer.send(record[0], record[1], partition)
        producer.finish()
    except KeyboardInterrupt:
        producer.flush(INTERRUPTED_FLUSH_SECONDS)
        print(f"{producer.delivered:,} of {counted(total, noun)} were sent.")
        raise
    seconds = time.monotonic() - started
    rate = producer.delivered / seconds
    print(f"{counted(producer.delivered, noun)} in {seconds:.1f} s ({rate:,.0f}/s).")


def send_one(address: str, topic: str, key: str, value: bytes, partition: int | None) -> None:
    """Send one record, to the partition of its key if none is given."""
    producer = BulkProducer(address, topic)
    producer.send(key, value, partition)
    producer.finish()
