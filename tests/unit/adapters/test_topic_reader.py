from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from fintank.adapters.topic_reader import TopicReader
from fintank.wire.kafka.records import Record


class Stored(NamedTuple):
    """A record of a log; a `gap` is an offset that no reader gets, like a commit marker."""

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

    def headers(self) -> list[tuple[str, bytes]] | None:
        return [("h", b"1")] if self.at == 0 else None


class Reported(NamedTuple):
    """An error or an end that the client reports in place of a record."""

    code: int
    number: int

    def error(self) -> Any:
        return KafkaError(self.code)

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return 0


class FakeConsumer:
    """A consumer of logs in memory; like the real one it reports each partition's end once."""

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
        self.queue = [Reported(self.fault, places[0].partition)] if self.fault else []
        for place in places:
            self.queue += [
                record
                for record in self.log
                if record.number == place.partition and record.at >= place.offset and not record.gap
            ]
            self.queue.append(Reported(KafkaError._PARTITION_EOF, place.partition))

    def poll(self, seconds: float) -> Any:
        return self.queue.pop(0) if self.queue else None

    def consume(self, count: int, seconds: float) -> list[Any]:
        taken, self.queue = self.queue[:count], self.queue[count:]
        return taken


def over(consumer: FakeConsumer) -> TopicReader:
    stand_in: Any = consumer
    return TopicReader("localhost:9092", "orders", stand_in)


def places(reader: TopicReader, positions: dict[int, int]) -> list[tuple[int, int]]:
    return placed(reader.read(positions))


def placed(records: Iterable[Record]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in records]


def last(count: int, log: Sequence[Stored]) -> list[tuple[int, int]]:
    reader = over(FakeConsumer(log))
    return placed(reader.last(count, reader.ends()))


def test_all_records_of_all_partitions_are_read_once() -> None:
    reader = over(FakeConsumer([Stored(0, 0), Stored(0, 1), Stored(3, 0)]))
    positions = reader.starts()
    assert places(reader, positions) == [(0, 0), (0, 1), (3, 0)]
    assert places(reader, positions) == []


def test_new_records_are_read_the_next_time() -> None:
    consumer = FakeConsumer([Stored(0, 0)])
    reader = over(consumer)
    positions = reader.ends()
    consumer.log += [Stored(0, 1), Stored(2, 0)]
    assert places(reader, positions) == [(0, 1), (2, 0)]


def test_a_log_that_ends_with_a_commit_marker_has_an_end() -> None:
    reader = over(FakeConsumer([Stored(0, 0), Stored(0, 1, gap=True)]))
    assert places(reader, reader.starts()) == [(0, 0)]


def test_the_start_can_be_a_time() -> None:
    reader = over(FakeConsumer([Stored(0, 0, 100), Stored(0, 1, 200), Stored(1, 0, 100)]))
    assert reader.starts([0, 1], since_ms=150) == {0: 1, 1: 1}
    assert reader.starts([], since_ms=150) == {}


def test_a_record_is_found_by_its_offset_only() -> None:
    reader = over(FakeConsumer([Stored(0, 4), Stored(0, 6), Stored(0, 7)], first=4))
    found = reader.record_at(0, 6)
    assert found is not None
    assert found.offset == 6
    assert [reader.record_at(0, offset) for offset in (3, 5, 8)] == [None, None, None]


def test_a_lasting_error_of_kafka_is_raised() -> None:
    reader = over(FakeConsumer([Stored(0, 0)], fault=KafkaError.TOPIC_AUTHORIZATION_FAILED))
    with pytest.raises(KafkaException):
        places(reader, reader.starts())


def test_the_offsets_ahead_are_counted() -> None:
    reader = over(FakeConsumer([Stored(0, 0), Stored(0, 1), Stored(1, 0)]))
    assert reader.ahead({0: 1, 1: 0}) == 2


def test_the_last_records_of_all_partitions_are_ordered_by_time() -> None:
    log = [Stored(0, number, 100 + 2 * number) for number in range(10)]
    log += [Stored(1, number, 111 + 2 * number) for number in range(3)]
    assert last(5, log) == [(1, 1), (0, 7), (1, 2), (0, 8), (0, 9)]


def test_gaps_and_commit_markers_do_not_shorten_the_answer() -> None:
    log = [*(Stored(0, number, number) for number in (0, 1, 2, 500)), Stored(0, 999, gap=True)]
    assert last(3, log) == [(0, 1), (0, 2), (0, 500)]


def test_fewer_records_than_wanted_are_all_returned() -> None:
    assert last(10, [Stored(3, 0)]) == [(3, 0)]


def test_no_records_wanted_is_no_records_returned() -> None:
    assert last(0, [Stored(3, 0)]) == []


def test_records_after_the_ends_are_not_among_the_last() -> None:
    reader = over(consumer := FakeConsumer([Stored(0, 0), Stored(0, 1)]))
    ends = reader.ends()
    consumer.log.append(Stored(0, 2))
    assert placed(reader.last(2, ends)) == [(0, 0), (0, 1)]


def test_following_loses_and_repeats_nothing() -> None:
    reader = over(consumer := FakeConsumer([Stored(0, 0, 1), Stored(1, 0, 2)]))
    ends = reader.ends()
    reader.last(10, ends)
    consumer.log += [Stored(1, 1, 3), Stored(0, 1, 4)]
    following = reader.follow(ends)
    assert placed([next(following), next(following)]) == [(1, 1), (0, 1)]


def test_a_record_has_its_headers() -> None:
    reader = over(FakeConsumer([Stored(0, 0), Stored(0, 1)]))
    assert [record.headers for record in reader.read(reader.starts())] == [(("h", b"1"),), ()]


def test_records_at_offsets_are_read_in_one_go_where_they_are_near() -> None:
    log = [Stored(0, at, gap=at == 4) for at in [*range(3, 10), 5_000, 5_001]]
    consumer = FakeConsumer(log, first=3)
    assigned: list[int] = []
    assign = consumer.assign

    def assign_and_note(places: list[TopicPartition]) -> None:
        assigned.extend(place.offset for place in places)
        assign(places)

    consumer.assign = assign_and_note  # type: ignore[method-assign]
    found = over(consumer).records_at(0, [1, 3, 4, 9, 5_001, 6_000])
    assert placed(found) == [(0, 3), (0, 9), (0, 5_001)]
    assert assigned == [3, 5_001]
