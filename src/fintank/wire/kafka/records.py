"""The records of a topic, read one by one: those of one spout tuple, or those that a command reads."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeVar

from fintank.wire.bolts.offsets import format_runs, parse_runs
from fintank.wire.kafka.fields import MalformedError
from fintank.wire.kafka.rejects import Reason, Reject, describe, unforeseen

EARLIEST_US = 631_152_000_000_000
"""1990-01-01T00:00:00Z: a record with an earlier timestamp is rejected."""
AHEAD_US_MAX = 60_000_000
"""How far a record's timestamp may be ahead of its Kafka append time."""

Message = TypeVar("Message")


Headers = tuple[tuple[str, str | bytes | None], ...]


class Record(NamedTuple):
    """A record as Kafka holds it; `time_ms` is when the broker appended it, milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()

    @property
    def place(self) -> str:
        """The record's identity: topic-partition-offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    @property
    def latest_us(self) -> int:
        """The latest timestamp it may carry."""
        return self.time_ms * 1000 + AHEAD_US_MAX

    @property
    def text(self) -> str:
        """The value as the spouts emit it, on one line; UnicodeDecodeError if it is not UTF-8."""
        return (self.value or b"").decode().replace("\n", " ").replace("\r", " ")


class LineBatch(NamedTuple):
    """A batch of records as lines; `offsets` are the runs `first,count` of the lines, in order."""

    lines: str
    offsets: str
    rejects: list[Reject]


def partition_of(place: str) -> int:
    """Return the partition of topic-partition-offset."""
    return int(place.split("-")[-2])


def offset_of(place: str) -> int:
    """Return the offset of topic-partition-offset."""
    return int(place.rpartition("-")[2])


def messages(
    records: Iterable[Record], from_record: Callable[[Record], Message]
) -> Iterator[tuple[Record, Message]]:
    """Yield each record that is a message, with it; the others are in the topic `rejects`."""
    for record in records:
        with suppress(ValueError):
            yield record, from_record(record)


def read_one(text: str, record: Record, read: Callable[[str, Record], Message]) -> Message | Reject:
    """Read a record, given its text, with `read`; an exception there makes it a Reject."""
    try:
        return read(text, record)
    except MalformedError as error:
        reason, detail = error.reason, error.detail
    except ValueError as error:  # the core's own checks
        reason, detail = Reason.BAD_VALUE, describe(error=str(error))
    except Exception as error:
        reason, detail = unforeseen(error)
    return Reject(record.topic, record.partition, record.offset, reason, detail, text)


def read_each(
    topic: str, partition: int, offsets: str, records: str, read: Callable[[str, Record], Message]
) -> tuple[list[Message], list[Reject]]:
    """Read the records of one spout tuple as `read_one` does; `read` gets them without key and value.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines. ValueError when their counts
    differ: that is a bug in the spout.
    """
    texts = records.split("\n") if offsets or records else []
    places = [
        Record(topic, partition, offset, run.append_ms)
        for run in parse_runs(offsets)
        for offset in range(run.first, run.first + run.records)
    ]
    if len(places) != len(texts):
        raise ValueError(f"{topic}-{partition}: {len(places)} offsets for {len(texts)} records")
    found = [read_one(text, record, read) for text, record in zip(texts, places, strict=True)]
    rejects = [each for each in found if isinstance(each, Reject)]
    return [each for each in found if not isinstance(each, Reject)], rejects


def lines_of_each(
    topic: str,
    partition: int,
    offsets: str,
    records: str,
    *,
    read: Callable[[str], Message],
    line: Callable[[Message, int, int], str],
) -> LineBatch:
    """Turn the records of one spout tuple into lines of InfluxDB and rejects, as `read_each` does.

    `line` writes a message as line protocol, given its record's partition and offset.
    """
    found, rejects = read_each(
        topic, partition, offsets, records, lambda text, record: (read(text), record.offset)
    )
    lines = "\n".join(line(message, partition, offset) for message, offset in found)
    return LineBatch(lines, format_runs((offset, 1) for _, offset in found), rejects)
