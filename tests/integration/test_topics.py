"""`invoke topics` and the checks of the topics, with a real broker."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

import pytest
from confluent_kafka import Consumer, TopicPartition

from fintank.adapters import kafka
from fintank.adapters.kafka import Topic
from fintank.adapters.kafka_groups import live_members
from fintank.errors import FintankError
from fintank.settings import PROJECT_ROOT, Settings

DEADLINE_S = 30


class Stack(Protocol):
    settings: Settings
    environ: dict[str, str]


def topics_json(stack: Stack) -> dict[str, Any]:
    program = Path(sys.executable).parent / "invoke"
    done = subprocess.run(
        [program, "topics", "--json"],
        env=stack.environ,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def member(stack: Stack, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": stack.settings.kafka,
            "group.id": group,
            "client.id": "somebody",
            "enable.auto.commit": False,
        }
    )


def test_topics_are_made_as_configured(stack: Stack) -> None:
    told = topics_json(stack)
    assert told["kafka"] == stack.settings.kafka
    assert {name: len(topic["partitions"]) for name, topic in told["topics"].items()} == {
        name: topic.partitions for name, topic in kafka.TOPICS.items()
    }


def test_lag_is_what_the_group_has_not_committed(stack: Stack) -> None:
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


def test_two_who_make_the_same_topics_at_once_both_succeed(stack: Stack) -> None:
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


def test_a_topic_with_other_partitions_is_named_with_the_cure(stack: Stack) -> None:
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin, {"narrow": Topic(2, {})})
    with (
        pytest.raises(FintankError, match=r"topic 'narrow' has 2 partitions instead of 4: .*invoke topics"),
        kafka.connect(stack.settings.kafka) as admin,
    ):
        kafka.ensure_topics(admin, {"narrow": Topic(4, {})})


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
