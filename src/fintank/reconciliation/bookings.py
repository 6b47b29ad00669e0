"""Every trade is booked once and correctly, and the bookings sum to what the orders traded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import TypeVar

from fintank.adapters.kafka_topics import fills_partition
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.snapshot import Recorded, shown
from fintank.reconciliation.topic_logs import PartitionKey, TopicLogs, reports_partition
from fintank.trading.decimals import EXACT, ZERO, plain
from fintank.trading.instruments import ONE
from fintank.trading.ledger import Position, PositionKey, booking, positions
from fintank.trading.messages import ExecType, Side
from fintank.trading.reports import ExecutionReport, Fill

_FIELDS = [field.name for field in fields(Fill)]

Booking = TypeVar("Booking", ExecutionReport, Fill)
Trade = Recorded[ExecutionReport]
Booked = Recorded[Fill]


def check_bookings(reports: Iterable[Trade], fills: Sequence[Booked], logs: TopicLogs) -> list[Result]:
    """Compare the trades of the topic `executions` with the topic `fills`, one by one and in sum."""
    trades = [trade for trade in reports if _is_complete_trade(trade.message)]
    result = Result("trades are booked once")
    undecided = _check_fills(result, trades, fills, logs)
    return [result, _check_positions(trades, fills, undecided)]


def _is_complete_trade(report: ExecutionReport) -> bool:
    """Return whether a report can be booked; an incomplete TRADE is a break of its order's reports."""
    needed = (report.last_qty, report.last_px, report.last_mkt)
    return report.exec_type is ExecType.TRADE and None not in needed


def _check_fills(
    result: Result, reports: Iterable[Trade], fills: Iterable[Booked], logs: TopicLogs
) -> set[tuple[str, str]]:
    """Compare one by one; return account and symbol of the trades that can't be judged."""
    trades = _by_exec_id(result, BreakKind.TRADE_TWICE, reports)
    bookings = _by_exec_id(result, BreakKind.TRADE_BOOKED_TWICE, fills)
    undecided = set()

    def judge(entry: Trade | Booked, kind: BreakKind, partition: PartitionKey, detail: str) -> None:
        message = entry.message
        if logs.is_missing(result, partition, entry.time_ms):
            result.compared += 1
            result.add(kind, message.exec_id, f"{entry.place} of {message.cl_ord_id} {detail}")
        else:
            undecided.add((message.account, message.symbol))

    for exec_id, trade in trades.items():
        if exec_id in bookings:
            result.compared += 1
            _check_equal(result, trade, bookings[exec_id])
        else:
            partition = "fills", fills_partition(trade.message.account)
            judge(trade, BreakKind.TRADE_NOT_BOOKED, partition, "has no fill")
    for exec_id, booked in bookings.items():
        if exec_id not in trades:
            detail = "books a trade that no execution reports"
            judge(booked, BreakKind.FILL_WITHOUT_TRADE, reports_partition(booked.message.symbol), detail)
    return undecided


def _by_exec_id(
    result: Result, kind: BreakKind, entries: Iterable[Recorded[Booking]]
) -> dict[str, Recorded[Booking]]:
    found: dict[str, Recorded[Booking]] = {}
    for entry in entries:
        exec_id = entry.message.exec_id
        if exec_id in found:
            result.add(kind, exec_id, f"{found[exec_id].place} and {entry.place}")
        found.setdefault(exec_id, entry)
    return found


def _check_equal(result: Result, trade: Trade, booked: Booked) -> None:
    expected = booking(trade.message)
    for field in _FIELDS:
        wanted, found = getattr(expected, field), getattr(booked.message, field)
        if wanted != found:
            detail = f"{booked.place}: {field} is {shown(found)}, {trade.place} has {shown(wanted)}"
            result.add(BreakKind.FILL_DIFFERS, expected.exec_id, detail)


def _check_positions(
    trades: Iterable[Trade], fills: Iterable[Booked], undecided: set[tuple[str, str]]
) -> Result:
    """Compare shares and cash of each account, symbol and currency: what trades moved, what fills sum to."""
    result = Result("shares and cash add up")
    moved: dict[PositionKey, Position] = defaultdict(Position)
    for trade in trades:
        report = trade.message
        assert report.last_qty is not None
        assert report.last_px is not None
        sign = 1 if report.side is Side.BUY else -1
        shares = EXACT.multiply(report.last_qty, Decimal(sign))
        cash = EXACT.multiply(EXACT.multiply(shares, report.last_px), report.multiplier or ONE)
        holding = PositionKey(report.account, report.symbol, report.currency)
        moved[holding] = moved[holding].plus(Position(shares, cash.copy_negate(), report.commission or ZERO))
    summed = positions(booked.message for booked in fills)
    for holding in sorted(moved.keys() | summed.keys(), key=str):
        account, symbol, currency = holding
        if (account, symbol) in undecided:
            result.pending += 1
            continue
        result.compared += 1
        by_trades = moved.get(holding, Position())
        by_fills = summed.get(holding, Position())
        for field in ("shares", "cash", "commission"):
            traded, booked_sum = getattr(by_trades, field), getattr(by_fills, field)
            if traded != booked_sum:
                detail = f"{field} are {plain(booked_sum)} by fills, {plain(traded)} by executions"
                result.add(
                    BreakKind.POSITION_DIFFERS, " ".join((account, symbol, currency or "")).rstrip(), detail
                )
    return result
