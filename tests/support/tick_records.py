"""Records of the topic `ticks` as JSON text, and reading some of them."""

import json

from fintank.wire.kafka.ticks import to_lines

APPEND_MS = 1_438_540_000_000


def tick(**changes):
    """Write a tick with some fields changed."""
    fields = {"symbol": "IVE", "exchange": "NYSE", "bid": 94.1, "ask": 94.2, "timestamp": 1438539936.5}
    return json.dumps({**fields, **changes})


def batch_of(*records, first=1000, append_ms=APPEND_MS):
    """Read records of consecutive offsets."""
    return to_lines("ticks", 2, f"{first},{len(records)},{append_ms}", "\n".join(records))


def line_of(record, **options):
    """Return the line of a valid record."""
    batch = batch_of(record, **options)
    assert batch.rejects == []
    return batch.lines


def reason_of(record):
    """Read an invalid record; return reason and detail of its reject."""
    batch = batch_of(record)
    assert (batch.lines, batch.offsets) == ("", "")
    (reject,) = batch.rejects
    assert (reject.topic, reject.partition, reject.offset, reject.payload) == ("ticks", 2, 1000, record)
    return reject.reason, reject.detail


def both_ways(record):
    """Return a record's line, the same from the fast path and the careful one (a bad neighbor forces it)."""
    fast = batch_of(record).lines
    assert batch_of(record, "{}").lines == fast
    return fast
