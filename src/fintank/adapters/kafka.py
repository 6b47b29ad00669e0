"""The commands' admin connection to Kafka."""

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from kafka.net.compat import KafkaNetClient

from fintank.adapters import generations, kafka_refusals, kafka_security, kafka_topics, ports, topic_configs
from fintank.adapters.kafka_topics import Topic, topics
from fintank.adapters.topic_configs import Difference
from fintank.errors import FintankError

BOOTSTRAP_MS_MAX = 5_000
REQUEST_MS_MAX = 20_000
CONNECT_MS_MAX = 10_000
TOPICS_READY_MS_MAX = 15_000
TAKEN_OVER_S_MAX = 15.0
RETRY_S = 0.5


@contextmanager
def connect(address: str) -> Iterator[KafkaAdminClient]:
    """Open an admin client; raise FintankError if the broker does not answer, or reports an error later."""
    ensure_answers(address)
    try:
        client: Any = admin_client(address) if "," not in address else _PatientClient(address)
    except KafkaError as error:
        raise FintankError(kafka_refusals.reason(address)) from error
    try:
        with client:
            kafka_topics.use_generation(generations.complete(address, client.list_topics())[-1])
            yield client
    except KafkaError as error:
        raise FintankError(f"Kafka ({address}) refused: {error}") from error


def admin_client(
    address: str, bootstrap_ms: int = BOOTSTRAP_MS_MAX, request_ms: int = REQUEST_MS_MAX
) -> KafkaAdminClient:
    """Open an admin client of one broker; KafkaError if it does not answer."""
    # The client logs every attempt; the error is enough.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    connect_ms = min(request_ms, CONNECT_MS_MAX)
    return KafkaAdminClient(
        bootstrap_servers=address,
        bootstrap_timeout_ms=bootstrap_ms,
        request_timeout_ms=request_ms,
        # A new connection has a timeout of its own, which the admin client does not offer.
        kafka_client=partial(KafkaNetClient, socket_connection_setup_timeout_ms=connect_ms),
        **kafka_security.kafka_python_options(),
    )


@cache
def _in_turn(address: str) -> deque[str]:
    """Return the brokers of an address, the one to ask first in front: one deque for all clients of it."""
    return deque(address.split(","))


class _PatientClient:
    """An admin client of several brokers: when one is lost or hangs, it asks until another has taken over.

    It connects first to the broker through which it got its last answer, then to the next. Kafka's client
    chooses by chance, and may choose one that hangs again and again.
    """

    def __init__(self, address: str) -> None:
        self._brokers = _in_turn(address)
        self._client: KafkaAdminClient | None = None
        self.describe_cluster()

    def __enter__(self) -> "_PatientClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **named: Any) -> Any:
            deadline = time.monotonic() + TAKEN_OVER_S_MAX
            while True:
                try:
                    self._client = self._client or admin_client(
                        self._next_address(), kafka_security.HANGS_MS_MAX, kafka_security.HANGS_MS_MAX
                    )
                    return getattr(self._client, name)(*values, **named)
                except KafkaError as error:
                    if not error.retriable or time.monotonic() > deadline:
                        raise
                self._close()  # it would ask the lost broker again
                self._brokers.rotate(-1)
                time.sleep(RETRY_S)

        return call

    def _next_address(self) -> str:
        """Return the next broker that listens, as one that hangs does, too."""
        for _ in self._brokers.copy():
            if ports.listens(self._brokers[0]):
                break
            self._brokers.rotate(-1)
        return self._brokers[0]

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def ensure_answers(address: str) -> None:
    """Raise FintankError, within seconds, if no broker listens there or one's certificate is not trusted.

    Kafka's clients would retry for long.
    """
    if not ports.listens(address):
        raise no_answer(address)
    if fault := kafka_refusals.tls_fault(address):
        raise FintankError(fault)


def ensure_admits(address: str) -> None:
    """Raise FintankError, within seconds, if no broker answers there or it does not admit this client."""
    ensure_answers(address)
    _ensure_admits_once(address)


@cache
def _ensure_admits_once(address: str) -> None:
    with connect(address):
        pass


def no_answer(address: str) -> FintankError:
    """Return the error for a broker that is down."""
    return FintankError(f"Kafka ({address}) does not answer: run `invoke up`")


def ensure_topics(admin: KafkaAdminClient, wanted: Mapping[str, Topic] | None = None) -> list[str]:
    """Create missing topics, wait for their leaders, and compare the configs of existing ones.

    Raise FintankError with a line for each required config that differs, and its cure; return a line for each
    advised one. `wanted` are all topics by default.
    """
    found = _differences(admin, wanted or topics())
    if any(difference.is_required for difference in found):
        raise FintankError("\n".join(difference.line for difference in found if difference.is_required))
    return [difference.line for difference in found]


def fix_topics(admin: KafkaAdminClient, wanted: Mapping[str, Topic] | None = None) -> list[str]:
    """Create missing topics, set the configs that differ where that is safe, and compare the others.

    Raise FintankError as `ensure_topics` does; return a line for each config that was set, and for each
    advised one.
    """
    wanted = wanted or topics()
    found = _differences(admin, wanted)
    changed = [difference for difference in found if not difference.manual_cure]
    topic_configs.write(admin, changed)
    kept = [difference for difference in found if difference.manual_cure]
    lines = [*(difference.change for difference in changed), *(difference.line for difference in kept)]
    if any(difference.is_required for difference in kept):
        raise FintankError("\n".join(lines))
    journal = kafka_topics.current_name("journal")
    if (journal, "cleanup.policy") in {(difference.topic, difference.name) for difference in changed}:
        lines += _lost(admin, journal, wanted[journal].partitions)
    return lines


def _lost(admin: KafkaAdminClient, topic: str, partitions: int) -> list[str]:
    """Return a line for each partition of the journal that has lost its first records."""
    earliest = {TopicPartition(topic, number): OffsetSpec.EARLIEST for number in range(partitions)}
    return [
        f"topic '{topic}': the records before offset {first.offset} of partition {place.partition} are gone: "
        "the rule engine has forgotten the orders and quotes in them"
        for place, first in admin.list_partition_offsets(earliest).items()
        if first.offset > 0
    ]


def _differences(admin: KafkaAdminClient, topics: Mapping[str, Topic]) -> list[Difference]:
    """Create missing topics; return how the configs of all differ. FintankError for wrong partitions."""
    missing = sorted(topics.keys() - set(admin.list_topics()))
    if missing:
        # Another command may create one at the same time; its partitions are checked like all others.
        create(admin, {name: topics[name] for name in missing})
    admin.wait_for_topics(list(topics), timeout_ms=TOPICS_READY_MS_MAX)
    described = {topic["name"]: topic for topic in admin.describe_topics(list(topics))}
    wrong = [
        topic_configs.wrong_partitions(name, len(described[name]["partitions"]), topic.partitions)
        for name, topic in topics.items()
        if len(described[name]["partitions"]) != topic.partitions
    ]
    if wrong:
        raise FintankError("; ".join(wrong))
    found = topic_configs.read(admin, described)
    return [
        difference
        for name, topic in topics.items()
        for difference in topic_configs.differences(name, topic.configs, found[name])
    ]


def create(admin: KafkaAdminClient, topics: Mapping[str, Topic]) -> list[str]:
    """Create topics, with as many replicas as there are brokers, up to three; return those that exist."""
    replicas = min(len(admin.describe_cluster()["brokers"]), topic_configs.REPLICAS_MAX)
    least = topic_configs.in_sync_min(replicas)
    in_sync = {"min.insync.replicas": str(least)} if least > 1 else {}
    wanted = {
        name: {
            "num_partitions": topic.partitions,
            "replication_factor": replicas,
            "configs": {**topic.configs, **in_sync},
        }
        for name, topic in topics.items()
    }
    existing = []
    for made in admin.create_topics(wanted, raise_errors=False)["topics"]:
        error_type = for_code(made["error_code"])
        if error_type is TopicAlreadyExistsError:
            existing.append(made["name"])
        elif made["error_code"]:
            raise error_type(f"topic '{made['name']}': {made['error_message']}")
    return existing
