"""Fills: values to JSON of the topic `fills`, and back to values and InfluxDB lines."""

from fintank.trading.messages import Side
from fintank.trading.reports import Fill
from fintank.wire.kafka.fields import parsed
from fintank.wire.kafka.message_json import message_json
from fintank.wire.kafka.records import Record, lines_of_each
from fintank.wire.kafka.ticks import Batch
from fintank.wire.points.line_protocol import message_time_ns, point


def to_json(fill: Fill) -> str:
    """Write a fill as the JSON record of the topic; all fields, null where there is nothing."""
    return message_json(fill)


def from_record(record: Record) -> Fill:
    """Read a record of the topic; ValueError if it is not a fill."""
    return from_json(record.text)


def from_json(text: str) -> Fill:
    """Read a record of the topic; MalformedError when it is no fill."""
    fields = parsed(text)
    return Fill(
        exec_id=fields.text("exec_id"),
        cl_ord_id=fields.text("cl_ord_id"),
        list_id=fields.optional(fields.text, "list_id"),
        account=fields.text("account"),
        symbol=fields.symbol("symbol"),
        side=fields.choice(Side, "side"),
        last_qty=fields.number("last_qty"),
        last_px=fields.number("last_px"),
        last_mkt=fields.symbol("last_mkt"),
        delta_shares=fields.number("delta_shares"),
        delta_cash=fields.number("delta_cash"),
        transact_time_us=fields.time_us("transact_time"),
    )


def to_lines(topic: str, partition: int, offsets: str, records: str) -> Batch:
    """Turn the records of one spout tuple into lines of the measurement fills; the others are rejects.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines; ValueError when they do not
    go together.
    """
    return lines_of_each(topic, partition, offsets, records, read=from_json, line=_line)


def _line(fill: Fill, partition: int, offset: int) -> str:
    tags = {"partition": str(partition), "side": fill.side, "symbol": fill.symbol}
    fields = {
        "exec_id": fill.exec_id,
        "cl_ord_id": fill.cl_ord_id,
        "list_id": fill.list_id,
        "account": fill.account,
        "last_qty": fill.last_qty,
        "last_px": fill.last_px,
        "last_mkt": fill.last_mkt,
        "delta_shares": fill.delta_shares,
        "delta_cash": fill.delta_cash,
        "transact_time_us": fill.transact_time_us,
    }
    return point("fills", tags, fields, message_time_ns(fill.transact_time_us, offset))
