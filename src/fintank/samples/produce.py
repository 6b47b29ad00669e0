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


def make_topics(address: str) -> None:
    """Create the topics that are missing."""
    with kafka.connect(address) as admin:
        kafka.ensure_topics(admin)


def send(address: str, topic: str, noun: str, records: Iterable[KeyedRecord], total: int) -> None:
    """Send records behind a progress bar, and print how long it took."""
    producer = BulkProducer(address, topic)
    started = time.monotonic()
    try:
        with progress() as bar:
            for key, value in bar.track(records, total=total, description="sending"):
                producer.send(key, value)
        producer.finish()
    except KeyboardInterrupt:
        producer.flush(INTERRUPTED_FLUSH_SECONDS)
        print(f"{producer.delivered:,} of {counted(total, noun)} were sent.")
        raise
    seconds = time.monotonic() - started
    rate = producer.delivered / seconds
    print(f"{counted(producer.delivered, noun)} in {seconds:.1f} s ({rate:,.0f}/s).")


def send_one(address: str, topic: str, key: str, value: bytes, partition: int | None = None) -> None:
    """Send one record, by default to the partition of its key."""
    producer = BulkProducer(address, topic)
    producer.send(key, value, partition)
    producer.finish()
