"""Fills: the records of the topic `fills`, and their points."""

from fintank.trading.reports import Fill
from fintank.wire.kafka.fields import parsed
from fintank.wire.kafka.records import LineBatch, Record, lines_of_each
from fintank.wire.kafka.schema import Schema

FILL = Schema("fill")


def to_json(fill: Fill) -> str:
    """Write a fill as the JSON record of the topic; all fields, null where there is no value."""
    return FILL.to_json(fill)


def from_record(record: Record) -> Fill:
    """Read a record of the topic; ValueError if it is not a fill."""
    return from_json(record.text)


def from_json(text: str) -> Fill:
    """Read the text of a record; MalformedError if it is not a fill."""
    return Fill(*FILL.read(parsed(text)))


def to_lines(topic: str, partition: int, offsets: str, records: str) -> LineBatch:
    """Turn the records of one spout tuple into lines of the measurement fills; see `lines_of_each`."""
    return lines_of_each(topic, partition, offsets, records, read=from_json, line=FILL.line)
