"""Consumers that read given partitions, without joining a group."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fintank.adapters import kafka_security
from fintank.errors import FintankError
from fintank.waiting import retry

ANSWER_SECONDS_MAX = 20.0
AGAIN_SECONDS = 0.5
TRANSIENT = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError._DESTROY_BROKER,
}
"""What one of several brokers, or the client itself, reports when a broker has just restarted or gone."""
FETCH_WAIT_MS_MAX = 10
"""How long the broker waits at a partition's end before it reports the end."""
QUEUED_KIB_MAX = 8 * 1024
"""How much is read ahead; the client's default, 64 MiB, would be most of a reader's memory."""

T = TypeVar("T")


@contextmanager
def open_consumer(
    address: str, group_id: str, isolation_level: str = "read_committed", reset: str = "earliest"
) -> Iterator[Consumer]:
    """Open a consumer for `assign`, which reports the ends of partitions.

    Kafka's errors inside become a FintankError.
    The client requires a group_id, but joins no group and commits nothing. reset: where it goes on when the
    next record was deleted; "error": nowhere, it says so.
    """
    consumer = Consumer(
        {
            **kafka_security.client_options(address),
            "group.id": group_id,
            "enable.auto.commit": False,
            "auto.offset.reset": reset,
            "isolation.level": isolation_level,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": FETCH_WAIT_MS_MAX,
            "queued.max.messages.kbytes": QUEUED_KIB_MAX,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise FintankError(f"Kafka ({address}) refused: {error.args[0].str()}") from error
    finally:
        consumer.close()


def bounds(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return where a log begins and ends. KafkaException for a lasting error."""
    return patiently(lambda: consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS_MAX))


def is_record(message: Message) -> bool:
    """Return whether it is a record, not an end or a transient error; KafkaException for a lasting error."""
    error = message.error()
    if error is None:
        return True
    if not is_end(message) and not error.retriable():
        raise KafkaException(error)
    return False


def is_end(message: Message) -> bool:
    """Return whether the client reports a partition's end."""
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def patiently(ask: Callable[[], T]) -> T:
    """Return a broker's answer, and ask again after an error in TRANSIENT."""
    return retry(ask, ANSWER_SECONDS_MAX, every=AGAIN_SECONDS, is_transient=_is_transient)


def _is_transient(error: Exception) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in TRANSIENT
