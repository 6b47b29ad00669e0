"""Sending many records to Kafka fast, and counting the delivered ones."""

import time

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fintank.adapters import kafka_security
from fintank.adapters.kafka_topics import partition_for, topics
from fintank.errors import FintankError

LINGER_MS = 20
DELIVERY_MS_MAX = 30_000
QUEUE_KIBIBYTES_MAX = 64 * 1024
WAIT_SECONDS = 0.2


class BulkProducer:
    """Sends records of one topic to the partitions of their keys, with acks=all.

    It uses confluent-kafka's producer, because kafka-python's builds each record in Python and is several
    times slower. Every record is counted once, as `delivered` or `failed`.
    """

    def __init__(self, address: str, topic: str) -> None:
        self._address = address
        self._topic = topic
        self._producer = Producer(
            {
                **kafka_security.client_options(address),
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": LINGER_MS,
                "message.timeout.ms": DELIVERY_MS_MAX,
                "queue.buffering.max.kbytes": QUEUE_KIBIBYTES_MAX,
            }
        )
        self._first_error: KafkaError | None = None
        self.delivered = 0
        self.failed = 0

    def send(self, key: str, value: bytes, partition: int | None = None) -> None:
        """Queue a record, and wait while the queue is full; FintankError once a record has failed."""
        if partition is None:
            partition = partition_for(key, topics()[self._topic].partitions)
        while True:
            try:
                self._producer.produce(self._topic, value, key, partition, on_delivery=self._count)
                break
            except BufferError:
                self._producer.poll(WAIT_SECONDS)
            except KafkaException as error:
                raise FintankError(
                    f"Kafka ({self._address}) refused a record: {error.args[0].str()}"
                ) from error
        self._producer.poll(0)
        self._raise_failed()

    def flush(self, seconds_max: float = 2 * DELIVERY_MS_MAX / 1000) -> None:
        """Wait until every queued record is delivered or has failed, or the time is up."""
        deadline = time.monotonic() + seconds_max
        # Short waits let Ctrl-C through.
        while self._producer.flush(WAIT_SECONDS) > 0 and time.monotonic() < deadline:
            pass

    def finish(self) -> None:
        """Wait until every queued record is delivered; FintankError if one is not."""
        self.flush()
        self._raise_failed()

    def _raise_failed(self) -> None:
        if self._first_error is not None:
            raise FintankError(
                f"Kafka ({self._address}) did not take {self.failed:,} records ({self._first_error.str()}) "
                f"after {self.delivered:,} were sent: see `invoke status`, then send again"
            )

    def _count(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed += 1
            self._first_error = self._first_error or error
