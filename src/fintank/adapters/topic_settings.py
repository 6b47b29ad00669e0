"""How the settings of a topic that is there differ from those that it is made with.

Some must be so: with other values the rule engine can't rely on its log. Some should: the topology runs, but
keeps less or starts more slowly. Those are left alone where somebody set them on the topic.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kafka.admin import ConfigResource, KafkaAdminClient

from fintank.errors import FintankError

UNLIMITED = -1
RECORD_BYTES_MIN = 1_048_588
"""Kafka's own max.message.bytes: what the topology writes is bounded by it."""
WRITTEN_BY_US = frozenset({"executions", "fills", "journal", "rejects"})

MUST_BE = {
    "cleanup.policy": "else records are lost that are needed",
    "message.timestamp.type": "times are those of the broker's clock",
}
AT_LEAST = ("retention.ms", "retention.bytes")
AT_MOST = ("segment.bytes", "segment.ms", "min.cleanable.dirty.ratio")


TAKE_AWAY = "if that is not meant, take it away (kafka-configs.sh --delete-config), then `invoke topics`"


class Setting(NamedTuple):
    """A setting of a topic; `is_chosen`: it was set on the topic, and is no default of the broker."""

    value: str
    is_chosen: bool


class Found(NamedTuple):
    """A topic as it is: how many replicas the partition with the fewest has, and on how many brokers."""

    settings: Mapping[str, Setting]
    replicas: int
    brokers: int


class Difference(NamedTuple):
    """A setting that is not as it is made. `invoke topics` may set it, unless it has a cure of its own."""

    topic: str
    name: str
    found: str
    wanted: str
    why: str
    must_be: bool = True
    own_cure: str = ""

    @property
    def line(self) -> str:
        """Name it with its cure."""
        verb, cure = ("must" if self.must_be else "should"), self.own_cure or "`invoke topics` sets it"
        named = f"topic '{self.topic}': {self.name} is {self.found} and {verb} be {self.wanted}"
        return f"{named} ({self.why}): {cure}"

    @property
    def change(self) -> str:
        """Say that it was set."""
        return f"topic '{self.topic}': set {self.name} to {self.wanted}, it was {self.found} ({self.why})"


def read(admin: KafkaAdminClient, topics: Mapping[str, Mapping[str, Any]]) -> dict[str, Found]:
    """Ask for the settings of topics, which are given by name as the admin client describes them."""
    brokers = len(admin.describe_cluster()["brokers"])
    asked = [ConfigResource("TOPIC", name) for name in topics]
    described = admin.describe_configs(asked, config_filter="all")["topic"]
    return {
        name: Found(
            {
                key: Setting(told["value"], told["config_source"] == "DYNAMIC_TOPIC_CONFIG")
                for key, told in described[name].items()
            },
            min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
            brokers,
        )
        for name, topic in topics.items()
    }


def write(admin: KafkaAdminClient, found: list[Difference]) -> None:
    """Set what differs as it is wanted; raise FintankError for what Kafka does not take."""
    wanted: dict[str, dict[str, str]] = {}
    for difference in found:
        wanted.setdefault(difference.topic, {})[difference.name] = difference.wanted
    if wanted:
        resources = [ConfigResource("TOPIC", name, values) for name, values in wanted.items()]
        for name, answer in admin.alter_configs(resources)["topic"].items():
            if answer != "OK":
                raise FintankError(f"topic '{name}': Kafka does not set {wanted[name]}: {answer}")


def differences(topic: str, wanted: Mapping[str, str], found: Found) -> Iterator[Difference]:
    """Compare a topic with the settings that it is made with; to keep more, or to tidy up sooner, is none."""
    for name, why in MUST_BE.items():
        value = found.settings[name].value
        if name in wanted and _words(value) != _words(wanted[name]):
            yield Difference(topic, name, value, wanted[name], why)
    yield from _writable(topic, found)
    for name in (*AT_LEAST, *AT_MOST):
        value = found.settings[name].value
        if name in wanted and not _suffices(name, value, wanted[name]):
            why = "it keeps less" if name in AT_LEAST else "it is tidied up late"
            cure = _own_cure(name, wanted[name], found.settings)
            yield Difference(topic, name, value, wanted[name], why, must_be=False, own_cure=cure)


def _writable(topic: str, found: Found) -> Iterator[Difference]:
    in_sync = found.settings["min.insync.replicas"].value
    if int(in_sync) > found.replicas:
        why = f"it has {found.replicas} in all, so nobody can write to it"
        could_have_more = found.brokers > found.replicas
        cure = "give it more replicas (kafka-reassign-partitions.sh), or set it" if could_have_more else ""
        yield Difference(topic, "min.insync.replicas", in_sync, str(found.replicas), why, own_cure=cure)
    largest = found.settings["max.message.bytes"]
    if int(largest.value) < RECORD_BYTES_MIN:
        is_ours = topic in WRITTEN_BY_US
        cure = TAKE_AWAY if largest.is_chosen and not is_ours else ""
        why = "larger records can't be written"
        wanted = str(RECORD_BYTES_MIN)
        yield Difference(topic, "max.message.bytes", largest.value, wanted, why, is_ours, cure)


def _own_cure(name: str, wanted: str, settings: Mapping[str, Setting]) -> str:
    if settings[name].is_chosen:
        return TAKE_AWAY
    others = [int(settings[bound].value) for bound in AT_LEAST if bound != name]
    if name in AT_LEAST and {int(wanted), *others} == {UNLIMITED}:
        return f"set it together with {' and '.join({*AT_LEAST} - {name})} (kafka-configs.sh)"
    return ""


def _suffices(name: str, found: str, wanted: str) -> bool:
    if name in AT_MOST:
        return float(found) <= float(wanted)
    return int(found) == UNLIMITED or (int(wanted) != UNLIMITED and int(found) >= int(wanted))


def _words(value: str) -> set[str]:
    return {word.strip() for word in value.split(",")}
