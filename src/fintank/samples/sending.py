"""What the commands that send records to Kafka have in common."""

import time
from collections.abc import Iterable

from fintank.adapters import kafka
from fintank.adapters.kafka_producer import BulkProducer
from fintank.terminal.progress import counted, progress

INTERRUPTED_FLUSH_SECONDS = 5


def make_topics(address: str) -> None:
    """Make the topics that are missing."""
    with kafka.connect(address) as admin:
        kafka.ensure_topics(admin)


def send(address: str, topic: str, noun: str, records: Iterable[tuple[str, bytes]], total: int) -> None:
    """Send (key, value) records, with a progress bar on a terminal, and say how long it took."""
    producer = BulkProducer(address, topic, kafka.TOPICS[topic].partitions)
    started = time.monotonic()
    try:
        with progress() as bar:
            for key, value in bar.track(records, total=total, description="sending"):
                producer.send(key, value)
        producer.flush()
        producer.raise_failed()
    except KeyboardInterrupt:
        producer.flush(INTERRUPTED_FLUSH_SECONDS)
        print(f"{producer.delivered:,} of {counted(total, noun)} were sent.")
        raise
    seconds = time.monotonic() - started
    rate = producer.delivered / seconds
    print(f"{counted(producer.delivered, noun)} in {seconds:.1f} s ({rate:,.0f}/s).")


def send_one(address: str, topic: str, key: str, value: bytes, partition: int | None = None) -> None:
    """Send one record, to the partition of its key or to a given one."""
    producer = BulkProducer(address, topic, kafka.TOPICS[topic].partitions)
    producer.send(key, value, partition)
    producer.flush()
    producer.raise_failed()
