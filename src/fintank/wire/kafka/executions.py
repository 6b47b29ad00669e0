"""Reports of orders and cancels: the records of the topic `executions`, and their points."""

from fintank.trading.reports import CANCEL_REJECTED, ExecutionReport, OrderCancelReject, Report
from fintank.wire.kafka.fields import parsed
from fintank.wire.kafka.records import LineBatch, Record, lines_of_each
from fintank.wire.kafka.schema import Schema

EXECUTION = Schema("execution")
ORDER_CANCEL_REJECT = Schema("order_cancel_reject")


def to_json(report: Report) -> str:
    """Write a report as the JSON record of the topic; all fields, null where there is no value."""
    return _schema(report).to_json(report)


def from_record(record: Record) -> Report:
    """Read a record of the topic; ValueError if it is not a report."""
    return from_json(record.text)


def from_json(text: str) -> Report:
    """Read the text of a record; MalformedError if it is not a report."""
    fields = parsed(text)
    if fields.text("exec_type") == CANCEL_REJECTED:
        return OrderCancelReject(*ORDER_CANCEL_REJECT.read(fields))
    return ExecutionReport(*EXECUTION.read(fields))


def to_lines(topic: str, partition: int, offsets: str, records: str) -> LineBatch:
    """Turn the records of one spout tuple into lines of the measurement executions; see `lines_of_each`."""
    return lines_of_each(topic, partition, offsets, records, read=from_json, line=_line)


def _line(report: Report, partition: int, offset: int) -> str:
    return _schema(report).line(report, partition, offset)


def _schema(report: Report) -> Schema:
    return EXECUTION if isinstance(report, ExecutionReport) else ORDER_CANCEL_REJECT
