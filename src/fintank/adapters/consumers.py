"""Consumers that read given partitions, without joining a group."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer

from fintank.adapters import kafka_security

FETCH_WAIT_MS_MAX = 10
"""How long the broker waits at a partition's end before it reports the end."""
QUEUED_KIB_MAX = 8 * 1024
"""How much is read ahead; the client's default, 64 MiB, would be most of a reader's memory."""


@contextmanager
def open_consumer(address: str, group_id: str, isolation_level: str = "read_committed") -> Iterator[Consumer]:
    """Open a consumer for `assign`, which reports the ends of partitions.

    The client requires a group_id, but joins no group and commits nothing.
    """
    consumer = Consumer(
        {
            **kafka_security.client_options(address),
            "group.id": group_id,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation_level,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": FETCH_WAIT_MS_MAX,
            "queued.max.messages.kbytes": QUEUED_KIB_MAX,
            "log_level": 0,  # errors are raised, with one line
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()
