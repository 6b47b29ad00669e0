"""`invoke topics` and the checks of topic settings, with a real broker."""

import json
import threading
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from kafka import TopicPartition as KafkaPartition
from kafka.admin import ConfigResource
from support.stack import Stack, fintank

from fintank.adapters import kafka, kafka_topics
from fintank.adapters.consumer_groups import live_members
from fintank.adapters.journal import JournalError, adopt
from fintank.adapters.kafka_topics import Topic
from fintank.errors import FintankError
from fintank.trading.changes import SymbolClock
from fintank.trading.clock import ClockState

DEADLINE_S = 30


def topics_json(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fintank(stack, "topics", "--json"))
    return found


def set_on(stack: Stack, topic: str, **settings: object) -> None:
    values = {name.replace("_", "."): str(value) for name, value in settings.items()}
    with kafka.connect(stack.settings.kafka) as admin:
        admin.alter_configs([ConfigResource("TOPIC", topic, values)])


def of_defaults(stack: Stack, name: str) -> dict[str, Topic]:
    """Create a topic with the broker's defaults; return it with the settings that it lacks."""
    with kafka.connect(stack.settings.kafka) as admin:
        admin.create_topics({name: {"num_partitions": 4}})
    return {name: kafka_topics.topics()["journal"]}


def member(stack: Stack, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": stack.settings.kafka,
            "group.id": group,
            "client.id": "somebody",
            "enable.auto.commit": False,
        }
    )


def test_topics_are_created_as_configured(stack: Stack) -> None:
    shown = topics_json(stack)
    assert shown["kafka"] == stack.settings.kafka
    assert {name: len(topic["partitions"]) for name, topic in shown["topics"].items()} == {
        name: topic.partitions for name, topic in kafka_topics.topics().items()
    }


def test_lag_counts_the_records_that_the_group_has_not_committed(stack: Stack) -> None:
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin)
    before = topics_json(stack)["topics"]["fills"]
    assert before["group"] == "order_flow-fills"
    consumer = member(stack, "order_flow-fills")
    ends = [
        TopicPartition("fills", state["partition"], state["end_offset"]) for state in before["partitions"]
    ]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()

    after = topics_json(stack)["topics"]["fills"]
    assert after["lag"] == 0
    assert [state["committed"] for state in after["partitions"]] == [end.offset for end in ends]


def test_two_concurrent_creations_of_the_same_topics_both_succeed(stack: Stack) -> None:
    topics = {f"together-{number}": Topic(2, {}) for number in range(5)}
    errors: list[BaseException] = []

    def make() -> None:
        try:
            with kafka.connect(stack.settings.kafka) as admin:
                kafka.ensure_topics(admin, topics)
        except FintankError as error:
            errors.append(error)

    makers = [threading.Thread(target=make) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(DEADLINE_S)
    assert errors == []


def test_a_wrong_partition_count_is_named_with_the_cure(stack: Stack) -> None:
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin, {"narrow": Topic(2, {})})
    with (
        pytest.raises(FintankError, match=r"topic 'narrow' has 2 partitions, and scale.toml says 4: .*"),
        kafka.connect(stack.settings.kafka) as admin,
    ):
        kafka.ensure_topics(admin, {"narrow": Topic(4, {})})


def test_each_wrong_setting_of_a_topic_created_by_hand_is_named_and_fixed(stack: Stack) -> None:
    topics = of_defaults(stack, "by-hand")
    with pytest.raises(FintankError) as caught, kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin, topics)
    assert str(caught.value).split("\n") == [
        "topic 'by-hand': cleanup.policy is delete and must be compact (otherwise needed records are "
        "lost): `invoke topics` sets it",
        "topic 'by-hand': message.timestamp.type is CreateTime and must be LogAppendTime (times are those of "
        "the broker's clock): `invoke topics` sets it",
    ]
    with kafka.connect(stack.settings.kafka) as admin:
        changed = kafka.fix_topics(admin, topics)
        assert len(changed) == len(kafka_topics.topics()["journal"].configs)
        assert changed[0].startswith("topic 'by-hand': set cleanup.policy to compact, it was delete (")
        assert kafka.fix_topics(admin, topics) == kafka.ensure_topics(admin, topics) == []


def test_a_shorter_retention_is_reported_and_left_unchanged(stack: Stack) -> None:
    topics_json(stack)
    set_on(stack, "orders", retention_ms=1_000_000)
    try:
        (note,) = topics_json(stack)["notes"]
        assert note.startswith(
            "topic 'orders': retention.ms is 1000000 and should be 2592000000 (it keeps less)"
        )
        assert topics_json(stack)["notes"] == [note]
    finally:
        set_on(stack, "orders", retention_ms=2_592_000_000)
    assert topics_json(stack)["notes"] == []


def test_a_journal_that_is_not_compacted_is_not_adopted_until_it_is_fixed(stack: Stack) -> None:
    topics_json(stack)
    set_on(stack, "journal", cleanup_policy="delete")
    with pytest.raises(JournalError, match=r"cleanup.policy is delete and must be compact.*`invoke topics`"):
        adopt(stack.settings.kafka, 0, print)
    (note,) = topics_json(stack)["notes"]
    assert note.startswith("topic 'journal': set cleanup.policy to compact, it was delete")
    adopt(stack.settings.kafka, 0, print)


def test_a_shard_is_not_adopted_while_times_are_those_of_producers_or_partitions_are_too_many(
    stack: Stack,
) -> None:
    topics_json(stack)
    set_on(stack, "ticks", message_timestamp_type="CreateTime")
    with kafka.connect(stack.settings.kafka) as admin:
        admin.create_partitions({"fills": 5})
    with pytest.raises(JournalError) as caught:
        adopt(stack.settings.kafka, 0, print)
    assert str(caught.value).split("; ") == [
        "topic 'ticks': message.timestamp.type is CreateTime and must be LogAppendTime (times are those of "
        "the broker's clock): `invoke topics` sets it",
        "topic 'fills' has 5 partitions, and scale.toml says 4: write partitions.fills = 5 into it, or "
        "`invoke reset` to delete all data",
    ]
    with kafka.connect(stack.settings.kafka) as admin:
        admin.delete_topics(["fills"])
    with pytest.raises(JournalError, match="topic 'fills' is missing: run `invoke topics`"):
        adopt(stack.settings.kafka, 0, print)
    set_on(stack, "ticks", message_timestamp_type="LogAppendTime")
    topics_json(stack)
    adopt(stack.settings.kafka, 0, print)


def test_records_that_a_fixed_journal_lost_are_reported(stack: Stack) -> None:
    topics = {"journal": kafka_topics.topics()["journal"]}
    topics_json(stack)
    log, _ = adopt(stack.settings.kafka, 2, print)
    log.commit([], [], [SymbolClock("lost", ClockState(1, 1), 0)])
    set_on(stack, "journal", cleanup_policy="delete")
    with kafka.connect(stack.settings.kafka) as admin:
        admin.delete_records({KafkaPartition("journal", 2): 1})
        (_, lost) = kafka.fix_topics(admin, topics)
    assert lost.startswith("topic 'journal': the records before offset 1 of partition 2 are gone: ")


def test_a_live_member_of_a_group_is_named_until_it_leaves(stack: Stack) -> None:
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin)
        joined = threading.Event()
        consumer = member(stack, "order_flow-orders")
        consumer.subscribe(["orders"], on_assign=lambda *_: joined.set())
        for _ in range(DEADLINE_S):
            consumer.poll(1)
            if joined.is_set():
                break
        found = [each for each in live_members(admin) if each.group == "order_flow-orders"]
        assert [(each.client_id, each.host) for each in found] == [("somebody", "127.0.0.1")]
        assert found[0].member_id.startswith("somebody")

        consumer.close()
        assert [each for each in live_members(admin) if each.group == "order_flow-orders"] == []
