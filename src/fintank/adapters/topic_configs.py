"""How the configs of an existing topic differ from those that fintank creates it with.

Some are required: otherwise the rule engine can't rely on its journal. Others are advised: the topology runs,
but keeps less or starts more slowly. Those are left alone if somebody set them on the topic.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fintank.errors import FintankError
from fintank.scale import PARTITIONED

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient  # bolts need this module, and must not wait for that one

UNLIMITED = -1
REPLICAS_MAX = 3
"""As many replicas as there are brokers, up to this."""
RECORD_BYTES_MIN = 1_048_588
"""Kafka's default max.message.bytes: what the topology writes is bounded by it."""
WRITTEN_BY_US = frozenset({"executions", "fills", "journal", "rejects", "timeline"})

REQUIRED = {
    "cleanup.policy": "otherwise needed records are lost",
    "message.timestamp.type": "times are those of the broker's clock",
}
AT_LEAST = ("retention.ms", "retention.bytes")
AT_MOST = ("segment.bytes", "segment.ms", "min.cleanable.dirty.ratio")

GROWING = ("ticks", "orders")
"""Topics that may get more partitions; a key's records are then in two, and log time keeps their order."""

REMOVE = "if this is unintended, remove it (kafka-configs.sh --delete-config), then run `invoke topics`"


class Setting(NamedTuple):
    """A config of a topic; `is_chosen`: it was set on the topic and is not a default of the broker."""

    value: str
    is_chosen: bool


class ExistingTopic(NamedTuple):
    """A topic's configs, the replicas of the partition with the fewest, and the number of brokers."""

    settings: Mapping[str, Setting]
    replicas: int
    brokers: int


class Difference(NamedTuple):
    """A config that differs from the wanted value. `invoke topics` sets it unless there is a manual cure."""

    topic: str
    name: str
    found: str
    wanted: str
    why: str
    is_required: bool = True
    manual_cure: str = ""

    @property
    def line(self) -> str:
        """The difference with its cure."""
        verb = "must" if self.is_required else "should"
        cure = self.manual_cure or "`invoke topics` sets it"
        named = f"topic '{self.topic}': {self.name} is {self.found} and {verb} be {self.wanted}"
        return f"{named} ({self.why}): {cure}"

    @property
    def change(self) -> str:
        """What was changed, once it is set."""
        return f"topic '{self.topic}': set {self.name} to {self.wanted}, it was {self.found} ({self.why})"


def read(admin: "KafkaAdminClient", topics: Mapping[str, Mapping[str, Any]]) -> dict[str, ExistingTopic]:
    """Read the configs of topics, given by name as the admin client describes them."""
    from kafka.admin import ConfigResource

    brokers = len(admin.describe_cluster()["brokers"])
    resources = [ConfigResource("TOPIC", name) for name in topics]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        name: ExistingTopic(
            {
                key: Setting(config["value"], config["config_source"] == "DYNAMIC_TOPIC_CONFIG")
                for key, config in described[name].items()
            },
            min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
            brokers,
        )
        for name, topic in topics.items()
    }


def write(admin: "KafkaAdminClient", found: list[Difference]) -> None:
    """Set the wanted values; raise FintankError if Kafka refuses one."""
    from kafka.admin import ConfigResource

    wanted: dict[str, dict[str, str]] = {}
    for difference in found:
        wanted.setdefault(difference.topic, {})[difference.name] = difference.wanted
    if wanted:
        resources = [ConfigResource("TOPIC", name, values) for name, values in wanted.items()]
        for name, answer in admin.alter_configs(resources)["topic"].items():
            if answer != "OK":
                raise FintankError(f"topic '{name}': Kafka does not set {wanted[name]}: {answer}")


def differences(topic: str, wanted: Mapping[str, str], found: ExistingTopic) -> Iterator[Difference]:
    """Compare a topic with the configs it is created with; keeping more or cleaning up sooner is fine."""
    for name, why in REQUIRED.items():
        value = found.settings[name].value
        if name in wanted and _words(value) != _words(wanted[name]):
            yield Difference(topic, name, value, wanted[name], why)
    yield from _unwritable(topic, found)
    for name in (*AT_LEAST, *AT_MOST):
        value = found.settings[name].value
        if name in wanted and not _suffices(name, value, wanted[name]):
            why = "it keeps less" if name in AT_LEAST else "it is cleaned up late"
            cure = _manual_cure(name, wanted[name], found.settings)
            yield Difference(topic, name, value, wanted[name], why, is_required=False, manual_cure=cure)


def in_sync_min(replicas: int) -> int:
    """Return how many of a topic's replicas must have a record before it counts as written."""
    return 2 if replicas >= REPLICAS_MAX else 1


def wrong_partitions(topic: str, found: int, wanted: int) -> str:
    """Say that a topic has another number of partitions than configured, with the cure."""
    if topic in GROWING and found < wanted:
        cure = "`invoke topics` adds the others once everything is read and the topology is stopped"
    elif topic in PARTITIONED:
        cure = f"write partitions.{topic} = {found} into it, or `invoke reset` to delete all data"
    else:
        cure = f"write shards = {found} into it, or `invoke reshard {wanted}` once the topology is stopped"
    return f"topic '{topic}' has {found} partitions, and scale.toml says {wanted}: {cure}"


def _unwritable(topic: str, found: ExistingTopic) -> Iterator[Difference]:
    """Yield what keeps records from being written, or loses them with a broker."""
    in_sync = found.settings["min.insync.replicas"].value
    if int(in_sync) > found.replicas:
        why = f"it has {found.replicas} in all, so nobody can write to it"
        could_have_more = found.brokers > found.replicas
        cure = "add replicas (kafka-reassign-partitions.sh), or set it" if could_have_more else ""
        yield Difference(topic, "min.insync.replicas", in_sync, str(found.replicas), why, manual_cure=cure)
    wanted_replicas = min(found.brokers, REPLICAS_MAX)
    if found.replicas < wanted_replicas:
        yield Difference(
            *(topic, "replication factor", str(found.replicas), str(wanted_replicas)),
            "the loss of a broker would lose it",
            is_required=False,
            manual_cure="add replicas (kafka-reassign-partitions.sh)",
        )
    largest = found.settings["max.message.bytes"]
    if int(largest.value) < RECORD_BYTES_MIN:
        is_ours = topic.partition("-")[0] in WRITTEN_BY_US
        cure = REMOVE if largest.is_chosen and not is_ours else ""
        why = "larger records can't be written"
        wanted = str(RECORD_BYTES_MIN)
        yield Difference(topic, "max.message.bytes", largest.value, wanted, why, is_ours, cure)


def _manual_cure(name: str, wanted: str, settings: Mapping[str, Setting]) -> str:
    """Return what to do about a config that must not be set automatically."""
    if settings[name].is_chosen:
        return REMOVE
    others = [int(settings[bound].value) for bound in AT_LEAST if bound != name]
    if name in AT_LEAST and {int(wanted), *others} == {UNLIMITED}:  # the topic would grow without end
        return f"set it together with {' and '.join({*AT_LEAST} - {name})} (kafka-configs.sh)"
    return ""


def _suffices(name: str, found: str, wanted: str) -> bool:
    if name in AT_MOST:
        return float(found) <= float(wanted)
    return int(found) == UNLIMITED or (int(wanted) != UNLIMITED and int(found) >= int(wanted))


def _words(value: str) -> set[str]:
    return {word.strip() for word in value.split(",")}
