import pytest
from kafka.errors import KafkaTimeoutError

from fintank.adapters import kafka, ports
from fintank.adapters.kafka import connect
from fintank.adapters.kafka_topics import partition_for, topics
from fintank.errors import FintankError


@pytest.mark.parametrize(("key", "partition"), [("VTI", 0), ("EURUSD", 3), ("é", 2), ("", 0)])
def test_a_key_goes_to_the_partition_of_its_crc32(key: str, partition: int) -> None:
    assert partition_for(key, 4) == partition


def test_each_topic_has_its_partitions() -> None:
    assert {name: topic.partitions for name, topic in topics().items()} == {
        "ticks": 4,
        "orders": 4,
        "executions": 4,
        "fills": 4,
        "timeline": 4,
        "rejects": 1,
        "journal": 4,
    }


def test_the_broker_stamps_every_record_of_every_topic() -> None:
    assert {topic.configs["message.timestamp.type"] for topic in topics().values()} == {"LogAppendTime"}


def test_only_the_journal_is_compacted() -> None:
    compacted = [name for name, topic in topics().items() if topic.configs["cleanup.policy"] == "compact"]
    assert compacted == ["journal"]


def test_ticks_are_bounded_by_bytes_and_not_by_time() -> None:
    configs = topics()["ticks"].configs
    assert int(configs["retention.bytes"]) > int(configs["segment.bytes"]) > 0
    assert configs["retention.ms"] == "-1"


def test_a_missing_broker_is_one_clear_error() -> None:
    with pytest.raises(FintankError) as told, connect("127.0.0.1:1"):
        pass
    assert str(told.value) == "Kafka (127.0.0.1:1) does not answer: run `invoke up`"


def test_a_broker_that_hangs_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Client:
        def __init__(self, broker: str) -> None:
            self._broker = broker

        def describe_cluster(self) -> dict[str, object]:
            asked.append(self._broker)
            if self._broker == "hangs:1":
                raise KafkaTimeoutError
            return {}

        def close(self) -> None:
            pass

    monkeypatch.setattr(kafka, "admin_client", lambda broker, *_: Client(broker))
    monkeypatch.setattr(kafka, "RETRY_S", 0)
    monkeypatch.setattr(ports, "listens", lambda broker: broker != "down:2")
    for _ in range(2):
        kafka._PatientClient("hangs:1,down:2,up:3").describe_cluster()
    assert asked == ["hangs:1", "up:3", "up:3", "up:3", "up:3"]
