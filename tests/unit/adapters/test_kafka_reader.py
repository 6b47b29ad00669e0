from collections.abc import Iterable
from typing import Any, NamedTuple

from kafka import TopicPartition

from fintank.adapters.kafka_reader import TopicReader


class Stored(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class FakeConsumer:
    """A consumer over logs in memory: offsets may have gaps, and a log may end after its last record."""

    def __init__(self, records: Iterable[Stored], ends: dict[int, int], poll_records_max: int = 3) -> None:
        self.records = list(records)
        self.ends = ends
        self.poll_records_max = poll_records_max
        self.positions: dict[TopicPartition, int] = {}

    def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends.get(partition.partition, 0) for partition in partitions}

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        polled = {}
        for partition, position in self.positions.items():
            ahead = [
                record
                for record in self.records
                if record.partition == partition.partition and record.offset >= position
            ][: self.poll_records_max]
            self.positions[partition] = (
                ahead[-1].offset + 1
                if len(ahead) == self.poll_records_max
                else max(self.ends.get(partition.partition, 0), position)
            )
            polled[partition] = ahead
        return polled


def stored(partition: int, offset: int, time_ms: int) -> Stored:
    return Stored("journal", partition, offset, time_ms, b"k", b"v")


def places(records: Iterable[Any]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in records]


def test_the_last_records_of_all_partitions_come_in_order_of_time() -> None:
    records = [stored(0, number, 100 + 2 * number) for number in range(10)]
    records += [stored(1, number, 111 + 2 * number) for number in range(3)]
    reader = TopicReader("broker:9092", "journal", FakeConsumer(records, {0: 10, 1: 3}))
    assert places(reader.last(5)) == [(1, 1), (0, 7), (1, 2), (0, 8), (0, 9)]


def test_gaps_and_commit_markers_do_not_shorten_the_answer() -> None:
    records = [stored(0, number, number) for number in (0, 1, 2, 500)]
    reader = TopicReader("broker:9092", "journal", FakeConsumer(records, {0: 1000}))
    assert places(reader.last(3)) == [(0, 1), (0, 2), (0, 500)]


def test_fewer_records_than_wanted_are_all_there_is() -> None:
    reader = TopicReader("broker:9092", "journal", FakeConsumer([stored(3, 0, 1)], {3: 1}))
    assert places(reader.last(10)) == [(3, 0)]


def test_none_wanted_is_none_shown() -> None:
    reader = TopicReader("broker:9092", "journal", FakeConsumer([stored(3, 0, 1)], {3: 1}))
    assert reader.last(0) == []


def test_what_follows_is_neither_lost_nor_shown_twice() -> None:
    consumer = FakeConsumer([stored(0, 0, 1), stored(1, 0, 2)], {0: 1, 1: 1})
    reader = TopicReader("broker:9092", "journal", consumer)
    reader.last(10)
    consumer.records += [stored(1, 1, 3), stored(0, 1, 4)]
    following = reader.follow()
    assert places([next(following), next(following)]) == [(1, 1), (0, 1)]
