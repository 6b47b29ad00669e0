"""What the rule engine requires of its topics before it decides anything, however it was started."""

from collections.abc import Iterator
from typing import Any

from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from fintank.adapters import generations, kafka_security, kafka_topics
from fintank.adapters.kafka_topics import topics
from fintank.adapters.topic_configs import REQUIRED, Difference, wrong_partitions

ANSWER_SECONDS_MAX = 30.0


def problems(address: str) -> list[str]:
    """Return a line with its cure for each topic that is missing or not as required, and use the current
    generation.

    Raise KafkaException if the broker does not answer.
    """
    admin = AdminClient(kafka_security.client_options(address))
    found = admin.list_topics(timeout=ANSWER_SECONDS_MAX).topics
    kafka_topics.use_generation(generations.complete(address, found)[-1])
    names = [name for name in topics() if name != "rejects"]
    counts = {name: len(found[name].partitions) for name in names if name in found}
    resources = [ConfigResource("topic", name) for name in counts]
    described = admin.describe_configs(resources, request_timeout=ANSWER_SECONDS_MAX) if resources else {}
    configs = {resource.name: future.result() for resource, future in described.items()}
    return [line for name in names for line in _problems(name, counts.get(name), configs.get(name))]


def _problems(name: str, partitions: int | None, configs: Any) -> Iterator[str]:
    wanted = topics()[name]
    if partitions is None:
        yield f"topic '{name}' is missing: run `invoke topics`"
        return
    if partitions != wanted.partitions:
        yield wrong_partitions(name, partitions, wanted.partitions)
    for config, why in REQUIRED.items():
        found, required = configs[config].value, wanted.configs[config]
        if found != required:
            yield Difference(name, config, found, required, why).line
