"""The timeouts around Kafka fit together, here and in the VM, and docs/configuration.md lists them."""

import re
from pathlib import Path

import pytest

from fintank import settings
from fintank.adapters import bulk_producer, journal, kafka, kafka_security, kafka_topics, topic_reader
from fintank.services import kafka_broker
from fintank.settings import PROJECT_ROOT
from fintank.storm import sparse_run

PAUSE_S = 10
"""How long a broker may pause without consequences."""
START_S = 5
"""How long a killed broker takes to restart until its controller checks sessions; measured: 3 to 4 s."""


def properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def number(pattern: str, path: str) -> int:
    found = re.search(pattern, (PROJECT_ROOT / path).read_text())
    assert found
    return int(found[1])


BROKER = next(
    properties(text)
    for path, text in kafka_broker.services(settings.load({}))[0].files.items()
    if path.name == "server.properties"
)
SESSION_S = int(BROKER["broker.session.timeout.ms"]) / 1000
HEARTBEAT_S = int(BROKER["broker.heartbeat.interval.ms"]) / 1000
AWAY_S = SESSION_S + START_S
"""How long a killed broker is unavailable."""
TRANSACTION_S = journal.TRANSACTION_MS_MAX / 1000
TRANSACTION_MAX_S = int(BROKER["transaction.max.timeout.ms"]) / 1000
SPOUT = "src/clj/fintank/spout/kafka_batch.clj"
SPOUT_SESSION_S = number(r'"session.timeout.ms" "(\d+)"', SPOUT) / 1000
SPOUT_HEARTBEAT_S = number(r'"heartbeat.interval.ms" "(\d+)"', SPOUT) / 1000
ID_ASKED_S = number(r"ask-wait \(Duration/ofSeconds (\d+)\)", SPOUT)
SUBPROCESS_S = number(r'"topology.subprocess.timeout.secs" (\d+)', "topologies/order_flow.clj")
MESSAGE_S = number(r'"topology.message.timeout.secs" (\d+)', "topologies/order_flow.clj")


def test_a_paused_broker_is_not_fenced() -> None:
    assert SESSION_S - HEARTBEAT_S > PAUSE_S


@pytest.mark.parametrize(
    "seconds",
    [
        TRANSACTION_S,
        journal.COMMIT_SECONDS_MAX,
        journal.INIT_SECONDS_MAX,
        journal.ANSWER_SECONDS_MAX,
        journal.SILENT_SECONDS_MAX,
        topic_reader.ANSWER_SECONDS_MAX,
        topic_reader.SILENT_SECONDS_MAX,
        kafka.REQUEST_MS_MAX / 1000,
        bulk_producer.DELIVERY_MS_MAX / 1000,
    ],
)
def test_every_wait_outlasts_the_restart_of_a_killed_broker(seconds: float) -> None:
    assert seconds > AWAY_S


def test_the_wait_for_a_commit_is_the_transaction_timeout() -> None:
    assert TRANSACTION_S == journal.COMMIT_SECONDS_MAX < TRANSACTION_MAX_S


def test_storms_timeouts_allow_a_bolt_to_wait_for_kafka() -> None:
    assert SUBPROCESS_S > journal.INIT_SECONDS_MAX + journal.ANSWER_SECONDS_MAX + journal.SILENT_SECONDS_MAX
    assert MESSAGE_S > TRANSACTION_S


def test_a_spout_stays_in_its_group_while_a_broker_pauses() -> None:
    assert SPOUT_SESSION_S - SPOUT_HEARTBEAT_S > PAUSE_S


def test_a_killed_workers_partitions_are_read_again_before_its_tuples_are() -> None:
    assert SPOUT_SESSION_S < MESSAGE_S


def test_an_idle_group_keeps_its_offsets_longer_than_topics_keep_records() -> None:
    kept_ms = max(int(topic.configs.get("retention.ms", 0)) for topic in kafka_topics.topics().values())
    assert int(BROKER["offsets.retention.minutes"]) * 60_000 > kept_ms > 0


def test_a_new_run_waits_until_kafka_drops_a_killed_one() -> None:
    assert sparse_run.MEMBERS_GONE_TIMEOUT_S > SPOUT_SESSION_S > 2 * SPOUT_HEARTBEAT_S


def test_the_vm_has_the_same_timeouts() -> None:
    path = Path("cookbooks") / "fintank" / "templates" / "server.properties.erb"
    theirs = properties((PROJECT_ROOT / path).read_text())
    assert {key: value for key, value in BROKER.items() if re.search("timeout|interval|retention", key)} == {
        key: value for key, value in theirs.items() if re.search("timeout|interval|retention", key)
    }


def test_a_request_to_one_of_several_brokers_ends_before_its_own_broker_is_replaced() -> None:
    waits_ms = kafka_security.HANGS_MS_MAX
    assert {kafka_security.client_options("a:1,b:2")[name] for name in kafka_security.HANGING} == {waits_ms}
    assert not kafka_security.client_options("a:1").keys() & {*kafka_security.HANGING}
    in_the_jvm = number(r"hangs-ms-max(?s:.*?)\n  (\d+)\)", "src/clj/fintank/storm/settings.clj")
    assert in_the_jvm == waits_ms
    assert waits_ms < kafka_broker.SESSION_MS[True]
    assert 2 * kafka_broker.CONTROLLER_MS[True] <= kafka_broker.SESSION_MS[True]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("broker.session.timeout.ms", SESSION_S),
        ("broker.heartbeat.interval.ms", HEARTBEAT_S),
        ("transaction.timeout.ms", TRANSACTION_S),
        ("transaction.max.timeout.ms", TRANSACTION_MAX_S),
        ("INIT_SECONDS_MAX", journal.INIT_SECONDS_MAX),
        ("REQUEST_MS_MAX", kafka.REQUEST_MS_MAX / 1000),
        ("socket.timeout.ms", kafka_security.HANGS_MS_MAX / 1000),
        ("default.api.timeout.ms", ID_ASKED_S),
        ("message.timeout.ms", bulk_producer.DELIVERY_MS_MAX / 1000),
        ("session.timeout.ms", SPOUT_SESSION_S),
        ("MEMBERS_GONE_TIMEOUT_S", sparse_run.MEMBERS_GONE_TIMEOUT_S),
        ("topology.subprocess.timeout.secs", SUBPROCESS_S),
        ("topology.message.timeout.secs", MESSAGE_S),
    ],
)
def test_the_page_has_every_timeout(name: str, seconds: float) -> None:
    page = (PROJECT_ROOT / "docs" / "configuration.md").read_text()
    assert re.search(rf"^\| `{re.escape(name)}`[^|]*\| {seconds:g} \|", page, re.MULTILINE)
