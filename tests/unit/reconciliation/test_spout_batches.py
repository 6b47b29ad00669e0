from typing import Any

from fintank.adapters import topic_reader
from fintank.reconciliation import spout_batches
from fintank.reconciliation.spout_batches import SpoutBatch, read_batches
from fintank.wire.kafka.records import Record

LONE_BYTE = b"\xff"


class FakeReader:
    """A topic in memory, with the interface of TopicReader."""

    def __init__(self, *records: tuple[int, int, int, bytes | None]) -> None:
        self.records = [Record("ticks", *place, None, value) for *place, value in records]

    def read(self, positions: dict[int, int]) -> Any:
        yield from self.records

    def ahead(self, positions: dict[int, int]) -> int:
        return len(self.records)


def read(*records: tuple[int, int, int, bytes | None]) -> list[SpoutBatch]:
    stand_in: Any = FakeReader(*records)
    return list(read_batches(stand_in, {}, "reading"))


def test_a_batch_is_like_a_spouts():
    (batch,) = read((2, 5, 100, b"a\nb\rc"), (2, 6, 100, None), (2, 8, 100, b"d"), (2, 9, 101, b"e"))
    assert (batch.partition, batch.runs) == (2, "5,2,100 8,1,100 9,1,101")
    assert batch.records == "a b c\n\nd\ne"
    assert (batch.offsets, batch.times_ms) == ([5, 6, 8, 9], [100, 100, 100, 101])


def test_records_that_are_not_utf8_or_not_used_are_listed_with_their_times():
    (batch,) = read((0, 5, 100, b"a"), (0, 6, 101, LONE_BYTE), (0, 7, 102, b"c"))
    assert (batch.runs, batch.not_utf8) == ("5,1,100 7,1,102", [(6, 101)])
    assert batch.unusable([5, 7]) == [(6, 101)]
    assert batch.unusable([7]) == [(6, 101), (5, 100)]


def test_batches_are_of_one_partition_and_bounded(monkeypatch):
    monkeypatch.setattr(spout_batches, "BATCH_RECORDS_MAX", 2)
    found = read(*((number % 2, number, 1, b"x") for number in range(6)))
    assert [batch.offsets for batch in found] == [[0, 2], [1, 3], [4], [5]]


def test_batches_of_large_records_are_bounded_by_their_bytes(monkeypatch):
    monkeypatch.setattr(topic_reader, "BATCH_BYTES_MAX", 4)
    found = read(*((number % 2, number, 1, b"xx" if number % 2 else b"x") for number in range(8)))
    assert [batch.offsets for batch in found] == [[1, 3], [0, 2, 4, 6], [5, 7]]
