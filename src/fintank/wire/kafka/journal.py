"""The journal on the wire: JournalRecord to Kafka's key `kind|id` and JSON value, and back."""

import orjson

from fintank.trading.journal import JournalRecord, Kind


def to_record(record: JournalRecord) -> tuple[str, str | None]:
    """Write the key and the value; a tombstone has the value None."""
    value = None if record.value is None else orjson.dumps(dict(record.value)).decode()
    return f"{record.kind}|{record.id}", value


def from_record(key: str, value: str | None) -> JournalRecord:
    """Read a record; ValueError for an unknown kind, or a value that is no JSON object."""
    kind, _, record_id = key.partition("|")
    content = None if value is None else orjson.loads(value)
    if content is not None and not isinstance(content, dict):
        raise ValueError(f"journal: the value of {key!r} is no JSON object")
    return JournalRecord(Kind(kind), record_id, content)
