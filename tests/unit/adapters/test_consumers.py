"""What a reader does when a broker of several goes or comes while it asks."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from fintank.adapters import consumers
from fintank.adapters.consumers import open_consumer, patiently
from fintank.errors import FintankError


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "AGAIN_SECONDS", 0.0)


class Broker:
    """Answers with these errors, one after the other, and then 7."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def ask(self) -> int:
        if self.codes:
            raise KafkaException(KafkaError(self.codes.pop(0)))
        return 7


@pytest.mark.parametrize("code", sorted(consumers.TRANSIENT))
def test_after_a_transient_error_it_is_asked_again(code: int) -> None:
    assert patiently(Broker(code, code).ask) == 7


def test_a_lasting_error_is_raised_at_once() -> None:
    broker = Broker(KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        patiently(broker.ask)
    assert len(broker.codes) == 1


def test_a_transient_error_that_lasts_is_raised_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ANSWER_SECONDS_MAX", 0.05)
    with pytest.raises(KafkaException):
        patiently(Broker(*[KafkaError.LEADER_NOT_AVAILABLE] * 100_000).ask)


def test_an_error_of_kafka_while_it_is_read_is_one_line() -> None:
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    message = r"^Kafka \(127\.0\.0\.1:1\) refused: .*authorization failed"
    with pytest.raises(FintankError, match=message), open_consumer("127.0.0.1:1", "test"):
        raise KafkaException(refused)
