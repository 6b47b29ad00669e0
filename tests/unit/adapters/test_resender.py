"""Records in transactions of a bounded size, to a producer in memory."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from fintank.adapters.resender import TRANSACTION_BYTES_MAX, TRANSACTION_RECORDS_MAX, Resender, origins
from fintank.wire.kafka.records import Headers, Record


class FakeProducer:
    """Keeps what is committed; its queue is full the first `full` times."""

    def __init__(self, full: int = 0) -> None:
        self.full = full
        self.open: list[Any] | None = None
        self.committed: list[list[Any]] = []

    def begin_transaction(self) -> None:
        assert self.open is None
        self.open = []

    def produce(self, *record: Any, headers: Any) -> None:
        if self.full:
            self.full -= 1
            raise BufferError("full")
        assert self.open is not None
        self.open.append((*record, headers))

    def poll(self, seconds: float) -> None:
        pass

    def commit_transaction(self, seconds: float) -> None:
        assert self.open is not None
        self.committed.append(self.open)
        self.open = None

    def abort_transaction(self, seconds: float) -> None:
        self.open = None
        raise KafkaException(KafkaError(KafkaError._STATE))


def over(producer: FakeProducer) -> Resender:
    stand_in: Any = producer
    return Resender(stand_in)


def record(offset: int, value: bytes | None = b"v", headers: Headers = ()) -> Record:
    return Record("orders", 2, offset, 0, b"\xff", value, headers)


def test_a_record_is_sent_as_it_was_with_its_place_in_a_header() -> None:
    producer = FakeProducer(full=2)
    resender = over(producer)
    resender.send(record(7, None, (("trace", b"1"), ("fintank-origin", b"orders-2-3"))))
    assert resender.sent == 0
    resender.commit()
    sent = ("orders", None, b"\xff", 2, [("trace", b"1"), ("fintank-origin", b"orders-2-7")])
    assert (producer.committed, resender.sent) == ([[sent]], 1)


@pytest.mark.parametrize(
    ("value", "in_one"), [(b"v", TRANSACTION_RECORDS_MAX), (b"v" * (TRANSACTION_BYTES_MAX // 4), 4)]
)
def test_a_transaction_is_bounded(value: bytes, in_one: int) -> None:
    producer = FakeProducer()
    resender = over(producer)
    for offset in range(in_one + 1):
        resender.send(record(offset, value))
    assert (resender.sent, list(map(len, producer.committed))) == (in_one, [in_one])
    resender.commit()
    resender.commit()
    assert (resender.sent, list(map(len, producer.committed))) == (in_one + 1, [in_one, 1])


def test_what_is_not_committed_is_taken_back() -> None:
    producer = FakeProducer()
    resender = over(producer)
    resender.send(record(1))
    resender.abort()
    assert (producer.open, producer.committed, resender.sent) == (None, [], 0)


def test_the_origins_of_records_are_read_from_their_headers() -> None:
    of = [(), (("a", b"b"), ("fintank-origin", b"orders-2-7")), (("fintank-origin", None),)]
    assert list(origins(record(1, headers=headers) for headers in of)) == ["orders-2-7"]
