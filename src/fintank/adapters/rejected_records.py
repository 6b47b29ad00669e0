"""Reading the topic `rejects`: which records could not be used, and why."""

import base64
import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason

PAYLOAD_BYTES_KEPT_MAX = 300
_KEY = re.compile(rb"([a-z]+)-([0-9]{1,9})-([0-9]{1,18})")
_IS_REFUSED = re.compile(rb'"reason": ?"%b"' % Reason.INFLUXDB_REFUSED.encode())
_DIGEST = re.compile(rb'"payload_sha256": ?"([0-9a-f]{64})"')

Offsets = dict[tuple[str, int], set[int]]
"""Offsets by topic and partition."""
Digests = dict[tuple[str, int], dict[int, set[bytes]]]
"""By topic and partition, and by offset: the SHA-256 of the records that were rejected there."""


class Rejected(NamedTuple):
    """A reject: where its record is, why and when it was rejected, and the beginning of the record."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    payload: bytes
    payload_sha256: str
    time_ms: int

    @property
    def place(self) -> str:
        """The record's identity: topic-partition-offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    @property
    def without_texts(self) -> "Rejected":
        """The same without `detail` and `payload`, most of what it takes in memory."""
        return self._replace(detail="", payload=b"")

    def is_of(self, record: Record) -> bool:
        """Return whether the record is the rejected one: a topic that was recreated holds others."""
        return self.payload_sha256 in {digest.hex() for digest in digests(record)}


def read_rejects(reader: TopicReader, since_ms: int | None) -> Iterator[Rejected]:
    """Yield the rejects, or those since then, in their order; one that was written twice comes twice.

    A record of the topic that is no reject is left out.
    """
    for record in reader.read(reader.starts(since_ms=since_ms)):
        found = reject_of(record)
        if found is not None:
            yield found


def reject_of(record: Record) -> Rejected | None:
    """Return what a record of the topic says; None if it is no reject."""
    try:
        found = orjson.loads(record.value or b"")
        return Rejected(
            sys.intern(str(found["topic"])),
            int(found["partition"]),
            int(found["offset"]),
            sys.intern(str(found["reason"])),
            str(found["detail"]),
            base64.b64decode(found["payload"])[:PAYLOAD_BYTES_KEPT_MAX],
            str(found["payload_sha256"]),
            record.time_ms,
        )
    except (ValueError, KeyError, TypeError):
        return None


def digests(record: Record) -> set[bytes]:
    """Return the digests by which a reject may name a record."""
    value = record.value or b""
    # The payload of what is UTF-8 is one line.
    one_line = value.replace(b"\n", b" ").replace(b"\r", b" ")
    return {hashlib.sha256(value).digest(), hashlib.sha256(one_line).digest()}


def rejected_offsets(address: str) -> tuple[Offsets, Digests]:
    """Return the offsets that the topic `rejects` names, and those of them whose records were not read.

    The sink refused the points of the others.
    """
    rejected: Offsets = defaultdict(set)
    unread: Digests = defaultdict(lambda: defaultdict(set))
    with open_reader(address, "rejects") as reader:
        for record in reader.read(reader.starts()):
            match = _KEY.fullmatch(record.key or b"")
            if match:
                partition, offset = (match[1].decode(), int(match[2])), int(match[3])
                rejected[partition].add(offset)
                digest = _DIGEST.search(record.value or b"")
                if digest and not _IS_REFUSED.search(record.value or b""):
                    unread[partition][offset].add(bytes.fromhex(digest[1].decode()))
    return rejected, unread
