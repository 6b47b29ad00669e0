"""Rejects: records that can't be used, one message each in the topic `rejects`."""

import base64
import hashlib
import json
import traceback
from dataclasses import dataclass
from enum import StrEnum

PAYLOAD_BYTES_MAX = 65_536
"""A larger payload is cut to this, so that no reject exceeds the broker's limit."""

_VALUE_CHARS_MAX = 60


class Reason(StrEnum):
    """Why a record was rejected."""

    NOT_UTF8 = "NOT_UTF8"  # written by the spouts
    EMPTY = "EMPTY"
    NOT_JSON = "NOT_JSON"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    MISSING_FIELD = "MISSING_FIELD"
    BAD_TYPE = "BAD_TYPE"
    BAD_SYMBOL = "BAD_SYMBOL"
    NOT_FINITE = "NOT_FINITE"
    NOT_POSITIVE = "NOT_POSITIVE"
    NEGATIVE = "NEGATIVE"
    TIMESTAMP_OUT_OF_RANGE = "TIMESTAMP_OUT_OF_RANGE"
    UNKNOWN_VALUE = "UNKNOWN_VALUE"
    BAD_VALUE = "BAD_VALUE"
    TOO_LARGE = "TOO_LARGE"  # written by the spouts
    NOT_PROCESSED = "NOT_PROCESSED"  # an unexpected exception while reading it
    WRONG_PARTITION = "WRONG_PARTITION"
    INFLUXDB_REFUSED = "INFLUXDB_REFUSED"


@dataclass(frozen=True)
class Reject:
    """One rejected record. (topic, partition, offset) is its identity: a replay makes the same reject.

    `detail` is `k=v` text, `payload` the record as the spout emitted it (CR and LF replaced by spaces).
    """

    topic: str
    partition: int
    offset: int
    reason: Reason
    detail: str
    payload: str

    @property
    def key(self) -> str:
        """The Kafka key: topic-partition-offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    def message(self) -> str:
        """Return the Kafka value: JSON in ASCII, the payload in base64 and cut to PAYLOAD_BYTES_MAX."""
        payload = self.payload.encode()
        return json.dumps(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "reason": self.reason,
                "detail": self.detail,
                "payload": base64.b64encode(payload[:PAYLOAD_BYTES_MAX]).decode(),
                "payload_bytes": len(payload),
                "payload_sha256": hashlib.sha256(payload).hexdigest(),
            }
        )


def describe(**values: object) -> str:
    """Write a detail as `k=v k=v`: values as JSON, each of bounded length."""
    return " ".join(f"{name}={_shortened(value)}" for name, value in values.items())


def unforeseen(error: Exception) -> tuple[Reason, str]:
    """Return reason and detail of a record whose reading raised an unexpected exception."""
    _, line, function, _ = traceback.extract_tb(error.__traceback__)[-1]
    return Reason.NOT_PROCESSED, describe(error=f"{type(error).__name__}: {error}", at=f"{function}:{line}")


def _shortened(value: object) -> str:
    # A value may be a megabyte long or a thousand levels deep: only its beginning is written.
    if value and isinstance(value, (list, dict)):
        return "[...]" if isinstance(value, list) else "{...}"
    cut = value[:_VALUE_CHARS_MAX] if isinstance(value, str) else value
    text = json.dumps(cut)
    if cut != value or len(text) > _VALUE_CHARS_MAX + 2:
        return text[:_VALUE_CHARS_MAX] + "..."
    return text
