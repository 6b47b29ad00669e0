"""Reports of orders and cancels: values to JSON of the topic `executions`, and back to values and lines."""

from collections.abc import Mapping
from decimal import Decimal

from fintank.trading.messages import ExecType, OrdStatus, OrdType, Side, TimeInForce
from fintank.trading.reports import CANCEL_REJECTED, ExecutionReport, OrderCancelReject, Report
from fintank.wire.kafka.fields import Fields, parsed
from fintank.wire.kafka.message_json import message_json
from fintank.wire.kafka.records import Record, lines_of_each
from fintank.wire.kafka.ticks import Batch
from fintank.wire.points.line_protocol import message_time_ns, point


def to_json(report: Report) -> str:
    """Write a report as the JSON record of the topic; all fields, null where there is nothing."""
    return message_json(report)


def from_record(record: Record) -> Report:
    """Read a record of the topic; ValueError if it is not a report."""
    return from_json(record.text)


def from_json(text: str) -> Report:
    """Read a record of the topic; MalformedError when it is no report."""
    fields = parsed(text)
    return _cancel_reject(fields) if fields.text("exec_type") == CANCEL_REJECTED else _report(fields)


def _cancel_reject(fields: Fields) -> OrderCancelReject:
    return OrderCancelReject(
        exec_id=fields.text("exec_id"),
        exec_type=CANCEL_REJECTED,
        cl_ord_id=fields.text("cl_ord_id"),
        orig_cl_ord_id=fields.text("orig_cl_ord_id"),
        account=fields.text("account"),
        symbol=fields.symbol("symbol"),
        ord_status=fields.choice(OrdStatus, "ord_status"),
        cxl_rej_reason=fields.whole_number("cxl_rej_reason"),
        text=fields.text("text"),
        input=fields.text("input"),
        order_time_us=fields.time_us("order_time"),
        transact_time_us=fields.time_us("transact_time"),
    )


def _report(fields: Fields) -> ExecutionReport:
    optional, number = fields.optional, fields.number
    return ExecutionReport(
        exec_id=fields.text("exec_id"),
        exec_type=fields.choice(ExecType, "exec_type"),
        ord_status=fields.choice(OrdStatus, "ord_status"),
        cl_ord_id=fields.text("cl_ord_id"),
        list_id=optional(fields.text, "list_id"),
        account=fields.text("account"),
        symbol=fields.symbol("symbol"),
        side=fields.choice(Side, "side"),
        ord_type=fields.choice(OrdType, "ord_type"),
        time_in_force=fields.choice(TimeInForce, "time_in_force"),
        priority=fields.whole_number("priority"),
        order_qty=optional(number, "order_qty"),
        cash_order_qty=optional(number, "cash_order_qty"),
        price=optional(number, "price"),
        stop_px=optional(number, "stop_px"),
        last_qty=optional(number, "last_qty"),
        last_px=optional(number, "last_px"),
        last_mkt=optional(fields.symbol, "last_mkt"),
        cum_qty=number("cum_qty"),
        leaves_qty=optional(number, "leaves_qty"),
        leaves_cash=optional(number, "leaves_cash"),
        avg_px=optional(number, "avg_px"),
        residual_cash=optional(number, "residual_cash"),
        bid=optional(number, "bid"),
        ask=optional(number, "ask"),
        quote_ids=fields.texts("quote_ids"),
        input=fields.text("input"),
        ord_rej_reason=optional(fields.whole_number, "ord_rej_reason"),
        text=optional(fields.text, "text"),
        order_time_us=fields.time_us("order_time"),
        transact_time_us=fields.time_us("transact_time"),
    )


def to_lines(topic: str, partition: int, offsets: str, records: str) -> Batch:
    """Turn the records of one spout tuple into lines of the measurement executions; the others are rejects.

    `offsets` are runs `first,count,append_ms`, `records` are joined by newlines; ValueError when they do not
    go together.
    """
    return lines_of_each(topic, partition, offsets, records, read=from_json, line=_line)


def _line(report: Report, partition: int, offset: int) -> str:
    tags = {
        "exec_type": report.exec_type,
        "ord_status": report.ord_status,
        "partition": str(partition),
        "side": report.side if isinstance(report, ExecutionReport) else None,
        "symbol": report.symbol,
    }
    fields = _order_fields(report) if isinstance(report, ExecutionReport) else _cancel_fields(report)
    time_ns = message_time_ns(report.transact_time_us, offset)
    return point("executions", tags, fields, time_ns)


def _cancel_fields(report: OrderCancelReject) -> Mapping[str, str | int | Decimal | None]:
    return {
        "exec_id": report.exec_id,
        "cl_ord_id": report.cl_ord_id,
        "orig_cl_ord_id": report.orig_cl_ord_id,
        "account": report.account,
        "cxl_rej_reason": report.cxl_rej_reason,
        "text": report.text,
        "input": report.input,
        "order_time_us": report.order_time_us,
        "transact_time_us": report.transact_time_us,
    }


def _order_fields(report: ExecutionReport) -> Mapping[str, str | int | Decimal | None]:
    return {
        "exec_id": report.exec_id,
        "cl_ord_id": report.cl_ord_id,
        "list_id": report.list_id,
        "account": report.account,
        "ord_type": report.ord_type,
        "time_in_force": report.time_in_force,
        "priority": report.priority,
        "order_qty": report.order_qty,
        "cash_order_qty": report.cash_order_qty,
        "price": report.price,
        "stop_px": report.stop_px,
        "last_qty": report.last_qty,
        "last_px": report.last_px,
        "last_mkt": report.last_mkt,
        "cum_qty": report.cum_qty,
        "leaves_qty": report.leaves_qty,
        "leaves_cash": report.leaves_cash,
        "avg_px": report.avg_px,
        "residual_cash": report.residual_cash,
        "bid": report.bid,
        "ask": report.ask,
        "quote_ids": " ".join(report.quote_ids) or None,
        "input": report.input,
        "ord_rej_reason": report.ord_rej_reason,
        "text": report.text,
        "order_time_us": report.order_time_us,
        "transact_time_us": report.transact_time_us,
    }
