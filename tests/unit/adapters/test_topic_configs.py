import pytest

from fintank.adapters.kafka_topics import topics
from fintank.adapters.topic_configs import Difference, ExistingTopic, Setting, differences

DEFAULTS = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "CreateTime",
    "retention.ms": "604800000",
    "retention.bytes": "-1",
    "segment.bytes": "1073741824",
    "segment.ms": "604800000",
    "min.cleanable.dirty.ratio": "0.5",
    "min.insync.replicas": "1",
    "max.message.bytes": "1048588",
}
"""Kafka's defaults."""


def found(topic: str, replicas: int = 1, brokers: int = 1, **chosen: object) -> list[Difference]:
    """Compare a topic as fintank creates it, except for the `chosen` configs."""
    settings = {name: Setting(value, False) for name, value in DEFAULTS.items()}
    settings |= {name: Setting(value, True) for name, value in topics()[topic].configs.items()}
    settings |= {name.replace("_", "."): Setting(str(value), True) for name, value in chosen.items()}
    return list(differences(topic, topics()[topic].configs, ExistingTopic(settings, replicas, brokers)))


def with_defaults(topic: str, **others: object) -> list[Difference]:
    """Compare a topic that was created without configs on a broker with these defaults."""
    values = DEFAULTS | {name.replace("_", "."): str(value) for name, value in others.items()}
    settings = {name: Setting(value, False) for name, value in values.items()}
    return list(differences(topic, topics()[topic].configs, ExistingTopic(settings, 1, 1)))


@pytest.mark.parametrize("topic", topics())
def test_a_topic_created_by_fintank_does_not_differ(topic: str) -> None:
    assert found(topic) == []


def test_a_journal_created_without_configs_differs_in_each_and_all_can_be_set() -> None:
    wanted = topics()["journal"].configs
    journal = with_defaults("journal")
    assert {one.name: one.wanted for one in journal} == dict(wanted)
    assert {one.name for one in journal if one.is_required} == {"cleanup.policy", "message.timestamp.type"}
    assert not any(one.manual_cure for one in journal)


@pytest.mark.parametrize(
    ("topic", "chosen"),
    [
        ("journal", {"cleanup_policy": "delete"}),
        ("journal", {"cleanup_policy": "compact,delete"}),
        ("ticks", {"cleanup_policy": "compact"}),
        ("executions", {"cleanup_policy": "delete,compact"}),
        ("orders", {"message_timestamp_type": "CreateTime"}),
        ("fills", {"max_message_bytes": 1_000}),
        ("rejects", {"min_insync_replicas": 2}),
    ],
)
def test_configs_that_the_topology_can_not_work_with_are_set(topic: str, chosen: dict[str, object]) -> None:
    (one,) = found(topic, **chosen)
    assert (one.is_required, one.manual_cure) == (True, "")
    assert one.line.startswith(f"topic '{topic}': {one.name} is {one.found} and must be {one.wanted} (")
    assert one.line.endswith(": `invoke topics` sets it")


@pytest.mark.parametrize(
    ("topic", "chosen"),
    [
        ("orders", {"retention_ms": -1}),
        ("orders", {"retention_ms": 2_592_000_001}),
        ("ticks", {"retention_bytes": -1}),
        ("rejects", {"retention_bytes": 2**40}),
        ("journal", {"segment_bytes": 1_048_576, "segment_ms": 1_000, "min_cleanable_dirty_ratio": 0.01}),
        ("ticks", {"max_message_bytes": 10_000_000}),
        ("journal", {"cleanup_policy": " compact "}),
    ],
)
def test_keeping_more_or_cleaning_up_sooner_is_no_difference(topic: str, chosen: dict[str, object]) -> None:
    assert found(topic, **chosen) == []


@pytest.mark.parametrize(
    ("topic", "name", "value"),
    [
        ("orders", "retention_ms", 1_000),
        ("orders", "retention_bytes", 1_000),
        ("fills", "retention_ms", 0),
        ("ticks", "retention_ms", 604_800_000),
        ("journal", "segment_bytes", 2**30),
        ("journal", "min_cleanable_dirty_ratio", 0.9),
        ("ticks", "max_message_bytes", 1_000),
    ],
)
def test_a_chosen_config_is_reported_and_left_alone(topic: str, name: str, value: object) -> None:
    (one,) = found(topic, **{name: value})
    assert not one.is_required
    assert one.manual_cure.startswith("if this is unintended, remove it")


def test_a_default_is_set_unless_the_topic_would_grow_without_end() -> None:
    orders = with_defaults("orders", message_timestamp_type="LogAppendTime")
    assert [(one.name, one.manual_cure) for one in orders] == [("retention.ms", "")]
    unbounded = {one.name: one.manual_cure for one in with_defaults("ticks")}
    assert unbounded["retention.ms"].startswith("set it together with retention.bytes")
    assert {one.name: one.manual_cure for one in with_defaults("ticks", retention_bytes=2**40)}[
        "retention.ms"
    ] == ""


def test_a_topic_that_could_have_more_replicas_gets_them_by_hand() -> None:
    assert found("fills", replicas=3, brokers=3, min_insync_replicas=2) == []
    required, advised = found("fills", replicas=1, brokers=3, min_insync_replicas=2)
    assert (required.is_required, advised.is_required) == (True, False)
    assert "kafka-reassign-partitions.sh" in required.line
    assert "replication factor is 1 and should be 3 (the loss of a broker would lose it)" in advised.line
