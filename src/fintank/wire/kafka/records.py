"""The records of a topic, read one by one: those of one spout tuple, or those that a command reads."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from fintank.wire.bolts.offsets import format_runs, parse_runs
from fintank.wire.kafka.fields import MalformedError
from fintank.wire.kafka.rejects import Reason, Reject, describe, unforeseen

EARLIEST_US = 631_152_000_000_000
"""1990-01-01T00:00:00Z: a record with an earlier timestamp is rejected."""
AHEAD_US_MAX = 60_000_000
"""How far a record's timestamp may be ahead of its Kafka append time."""

Message = TypeVar("Message")


@dataclass(frozen=True)
class Record:
    """A record as Kafka holds it; `time_ms` is when the broker appended it, milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> str:
        """The record's identity: topic-partition-offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    @property
    def text(self) -> str:
        """The value as the spouts emit it, on one line; UnicodeDecodeError if it is not UTF-8."""
        return (self.value or b"").decode().replace("\n", " ").replace("\r", " ")


class LineBatch(NamedTuple):
    """A batch of records as lines; `offsets` are the runs `first,count` of the lines, in order."""

    lines: str
    offsets: str
    rejects: list[Reject]


class Place(NamedTuple):
    """Where a record is, and the latest timestamp it may carry."""

    topic: str
    partition: int
    offset: int
    latest_us: int

    @property
    def input(self) -> str:
        """The record's identity: topic-partition-offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"


def partition_of(identity: str) -> int:
    """Return the partition of a record's identity."""
    return int(identity.split("-")[-2])


def offset_of(identity: str) -> int:
    """Return the offset of a record's identity."""
    return int(identity.rpartition("-")[2])


def messages(
    records: Iterable[Record], from_record: Callable[[Record], Message]
) -> Iterator[tuple[Record, Message]]:
    """Yield each record with its message; one that is not a message is in the topic `rejects`."""
    for record in records:
        with suppress(ValueError):
            yield record, from_record(record)


def read_each(
    topic: str, partition: int, offsets: str, records: str, read: Callable[[str, Place], Message]
) -> tuple[list[Message], list[Reject]]:
    """Read the records of one spout tuple with `read`; an exception there makes that record a Reject.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines. ValueError when their counts
    differ: that is a bug in the spout.
    """
    texts = records.split("\n")
    places = list(_places(topic, partition, offsets))
    if len(places) != len(texts):
        raise ValueError(f"{topic}-{partition}: {len(places)} offsets for {len(texts)} records")
    found: list[Message] = []
    rejects: list[Reject] = []
    for text, place in zip(texts, places, strict=True):
        try:
            found.append(read(text, place))
        except MalformedError as error:
            rejects.append(Reject(topic, partition, place.offset, error.reason, error.detail, text))
        except ValueError as error:  # the core's own checks
            detail = describe(error=str(error))
            rejects.append(Reject(topic, partition, place.offset, Reason.BAD_VALUE, detail, text))
        except Exception as error:
            rejects.append(Reject(topic, partition, place.offset, *unforeseen(error), text))
    return found, rejects


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
        topic, partition, offsets, records, lambda text, place: (read(text), place.offset)
    )
    lines = "\n".join(line(message, partition, offset) for message, offset in found)
    return LineBatch(lines, format_runs((offset, 1) for _, offset in found), rejects)


def _places(topic: str, partition: int, offsets: str) -> Iterator[Place]:
    for run in parse_runs(offsets):
        latest_us = run.append_ms * 1000 + AHEAD_US_MAX
        for offset in range(run.first, run.first + run.records):
            yield Place(topic, partition, offset, latest_us)
