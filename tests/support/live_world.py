"""The running topology: send records, wait until all are processed, read the results."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import Message, Producer
from kafka.admin import KafkaAdminClient
from reference import Place
from scenarios.playing import Record, record
from support.order_reports import CommittedLog
from support.waiting import wait_until

from fintank.adapters import kafka
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka_topics import partition_for, topics

SENT_TIMEOUT_S = 30
SETTLED_TIMEOUT_S = 60
READ = ("executions", "fills", "rejects")
NOT_OF_THE_MESSAGE = ("_partition", "_key")


@dataclass(frozen=True)
class Sending:
    """A record to send; partition None means that of the key."""

    topic: str
    key: str
    text: str
    partition: int | None = None


class LiveWorld:
    """Created by live_world."""

    def __init__(self, producer: Producer, admin: KafkaAdminClient, logs: dict[str, CommittedLog]) -> None:
        self._producer = producer
        self._admin = admin
        self._logs = logs
        self._read = dict.fromkeys(logs, 0)

    def send(self, sendings: Sequence[Sending]) -> list[Place]:
        """Send records in order; return the place of each."""
        places: dict[int, Place] = {}

        def delivered(number: int, error: object, message: Message) -> None:
            assert error is None
            partition, offset, topic = message.partition(), message.offset(), message.topic()
            assert None not in (partition, offset, topic)
            places[number] = Place(topic, partition, offset, time.time_ns() // 1000)  # type: ignore[arg-type]

        for number, sending in enumerate(sendings):
            partition = sending.partition
            if partition is None:
                partition = partition_for(sending.key, topics()[sending.topic].partitions)
            self._producer.produce(
                sending.topic,
                sending.text,
                sending.key,
                partition,
                on_delivery=lambda error, message, number=number: delivered(number, error, message),
            )
            self._producer.poll(0)
        assert self._producer.flush(SENT_TIMEOUT_S) == 0
        return [places[number] for number in range(len(sendings))]

    def settle(self) -> None:
        """Wait until the lag of all groups is 0."""
        wait_until(lambda: not self._lag(), SETTLED_TIMEOUT_S, self._lag)

    def _lag(self) -> int:
        return sum(state.lag or 0 for state in partition_states(self._admin))

    def new(self, topic: str) -> list[Record]:
        """Return the messages that were committed to executions, fills or rejects since the last call."""
        found = self._logs[topic].read()[self._read[topic] :]
        self._read[topic] += len(found)
        return [
            {name: value for name, value in message.items() if name not in NOT_OF_THE_MESSAGE}
            for message in found
        ]


@contextmanager
def live_world(address: str) -> Iterator[LiveWorld]:
    """Connect to a topology that runs against this Kafka."""
    producer = Producer(
        {"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 0, "log_level": 0}
    )
    logs = {topic: CommittedLog(address, topic, record) for topic in READ}
    try:
        with kafka.connect(address) as admin:
            yield LiveWorld(producer, admin, logs)
    finally:
        for log in logs.values():
            log.close()
