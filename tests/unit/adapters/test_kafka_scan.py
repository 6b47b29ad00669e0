from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from fintank.adapters.kafka_scan import TopicScanner


class Stored(NamedTuple):
    """A record of a log; `gap` is what the log holds that no reader gets, as a commit marker."""

    number: int
    at: int
    time_ms: int = 0
    gap: bool = False

    def error(self) -> None:
        return None

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return 2, self.time_ms

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"v"


class Told(NamedTuple):
    """What the client tells in a record's place."""

    code: int
    number: int

    def error(self) -> Any:
        return KafkaError(self.code)

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return 0


class FakeConsumer:
    """A consumer over logs in memory; it tells of each partition's end once, as the real one does."""

    def __init__(self, log: Iterable[Stored], first: int = 0, fault: int | None = None) -> None:
        self.log = list(log)
        self.first = first
        self.fault = fault
        self.queue: list[Any] = []

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        offsets = [record.at for record in self.log if record.number == partition.partition]
        return self.first, max(offsets, default=-1) + 1

    def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        found = []
        for place in asked:
            later = [r.at for r in self.log if r.number == place.partition and r.time_ms >= place.offset]
            found.append(TopicPartition(place.topic, place.partition, min(later, default=-1)))
        return found

    def assign(self, places: list[TopicPartition]) -> None:
        self.queue = [Told(self.fault, places[0].partition)] if self.fault else []
        for place in places:
            self.queue += [
                record
                for record in self.log
                if record.number == place.partition and record.at >= place.offset and not record.gap
            ]
            self.queue.append(Told(KafkaError._PARTITION_EOF, place.partition))

    def poll(self, seconds: float) -> Any:
        return self.queue.pop(0) if self.queue else None


def over(consumer: FakeConsumer) -> TopicScanner:
    stand_in: Any = consumer
    return TopicScanner("localhost:9092", "orders", stand_in)


def places(scanner: TopicScanner, positions: dict[int, int]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in scanner.read(positions)]


def test_all_records_of_all_partitions_are_read_once() -> None:
    scanner = over(FakeConsumer([Stored(0, 0), Stored(0, 1), Stored(3, 0)]))
    positions = scanner.starts()
    assert places(scanner, positions) == [(0, 0), (0, 1), (3, 0)]
    assert places(scanner, positions) == []


def test_what_came_since_is_read_the_next_time() -> None:
    consumer = FakeConsumer([Stored(0, 0)])
    scanner = over(consumer)
    positions = scanner.ends()
    consumer.log += [Stored(0, 1), Stored(2, 0)]
    assert places(scanner, positions) == [(0, 1), (2, 0)]


def test_a_log_that_ends_with_a_commit_marker_has_an_end() -> None:
    scanner = over(FakeConsumer([Stored(0, 0), Stored(0, 1, gap=True)]))
    assert places(scanner, scanner.starts()) == [(0, 0)]


def test_the_start_can_be_a_time() -> None:
    scanner = over(FakeConsumer([Stored(0, 0, 100), Stored(0, 1, 200), Stored(1, 0, 100)]))
    assert scanner.starts([0, 1], since_ms=150) == {0: 1, 1: 1}
    assert scanner.starts([], since_ms=150) == {}


def test_a_record_is_found_by_its_offset_or_not_at_all() -> None:
    scanner = over(FakeConsumer([Stored(0, 4), Stored(0, 6), Stored(0, 7)], first=4))
    found = scanner.record_at(0, 6)
    assert found is not None
    assert found.offset == 6
    assert [scanner.record_at(0, offset) for offset in (3, 5, 8)] == [None, None, None]


def test_a_lasting_fault_of_kafka_is_raised() -> None:
    scanner = over(FakeConsumer([Stored(0, 0)], fault=KafkaError.TOPIC_AUTHORIZATION_FAILED))
    with pytest.raises(KafkaException):
        places(scanner, scanner.starts())


def test_the_offsets_ahead_are_counted() -> None:
    scanner = over(FakeConsumer([Stored(0, 0), Stored(0, 1), Stored(1, 0)]))
    assert scanner.ahead({0: 1, 1: 0}) == 2
