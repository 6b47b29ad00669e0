"""Every trade is booked once and as it was, and the bookings sum to what the orders traded."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import NamedTuple

from fintank.adapters.kafka import SHARDS, TOPICS, partition_for
from fintank.reconciliation.order_reports import Told, shown
from fintank.reconciliation.results import Kind, Logs, Result
from fintank.trading.decimals import EXACT, plain
from fintank.trading.ledger import Position, booking, positions
from fintank.trading.messages import ExecType, Side
from fintank.trading.reports import Fill

_FIELDS = [field.name for field in fields(Fill)]


class Booked(NamedTuple):
    """A fill and its record, named topic-partition-offset."""

    place: str
    time_ms: int
    fill: Fill


def check_bookings(
    told: Iterable[Told], booked: Iterable[Booked], logs: Logs, hidden: frozenset[tuple[str, int]]
) -> list[Result]:
    """Compare the trades of the topic `executions` with the topic `fills`, one by one and in sum.

    hidden: the partitions of which an open transaction hid the end, or that were not read after the others.
    """
    trades = [tell for tell in told if tell.report.exec_type is ExecType.TRADE and _is_whole(tell)]
    fills = list(booked)
    check = _Bookings(logs, hidden)
    check.compare(trades, fills)
    return [check.result, _check_positions(trades, fills, check.undecided)]


class _Bookings:
    """undecided: the (account, symbol) of which some trades can't be judged."""

    def __init__(self, logs: Logs, hidden: frozenset[tuple[str, int]]) -> None:
        self.result = Result("trades are booked once")
        self.undecided: set[tuple[str, str]] = set()
        self._logs = logs
        self._hidden = hidden

    def compare(self, told: Iterable[Told], booked: Iterable[Booked]) -> None:
        trades: dict[str, Told] = {}
        for tell in told:
            exec_id = tell.report.exec_id
            if exec_id in trades:
                self.result.add(Kind.TRADE_TWICE, exec_id, f"{trades[exec_id].place} and {tell.place}")
            trades.setdefault(exec_id, tell)
        bookings: dict[str, Booked] = {}
        for book in booked:
            exec_id = book.fill.exec_id
            if exec_id in bookings:
                detail = f"{bookings[exec_id].place} and {book.place}"
                self.result.add(Kind.TRADE_BOOKED_TWICE, exec_id, detail)
            bookings.setdefault(exec_id, book)
        for exec_id, tell in trades.items():
            if exec_id in bookings:
                self.result.compared += 1
                self._check_equal(tell, bookings[exec_id])
            else:
                self._check_unbooked(tell)
        for exec_id, book in bookings.items():
            if exec_id not in trades:
                self._check_without_trade(book)

    def _check_equal(self, tell: Told, book: Booked) -> None:
        wanted = booking(tell.report)
        for field in _FIELDS:
            asked, found = getattr(wanted, field), getattr(book.fill, field)
            if asked != found:
                detail = f"{book.place}: {field} is {shown(found)}, by {tell.place} {shown(asked)}"
                self.result.add(Kind.FILL_DIFFERS, wanted.exec_id, detail)

    def _check_unbooked(self, tell: Told) -> None:
        report = tell.report
        place = ("fills", partition_for(report.account, TOPICS["fills"].partitions))
        if not self._is_undecided(place, tell.time_ms, (report.account, report.symbol)):
            self.result.compared += 1
            detail = f"{tell.place} of {report.cl_ord_id} has no fill"
            self.result.add(Kind.TRADE_NOT_BOOKED, report.exec_id, detail)

    def _check_without_trade(self, book: Booked) -> None:
        fill = book.fill
        place = ("executions", partition_for(fill.symbol, SHARDS))
        if not self._is_undecided(place, book.time_ms, (fill.account, fill.symbol)):
            self.result.compared += 1
            detail = f"{book.place} of {fill.cl_ord_id} books what no execution tells of"
            self.result.add(Kind.FILL_WITHOUT_TRADE, fill.exec_id, detail)

    def _is_undecided(self, place: tuple[str, int], time_ms: int, held: tuple[str, str]) -> bool:
        if self._logs[place].may_have_lost(time_ms):
            self.result.beyond_retention += 1
        elif place in self._hidden:
            self.result.pending += 1
        else:
            return False
        self.undecided.add(held)
        return True


def _check_positions(
    trades: Iterable[Told], booked: Iterable[Booked], undecided: set[tuple[str, str]]
) -> Result:
    """Compare shares and cash of each account and symbol: what trades moved, what fills sum to."""
    result = Result("shares and cash add up")
    moved: dict[tuple[str, str], Position] = defaultdict(Position)
    for tell in trades:
        report = tell.report
        assert report.last_qty is not None
        assert report.last_px is not None
        sign = 1 if report.side is Side.BUY else -1
        shares = EXACT.multiply(report.last_qty, Decimal(sign))
        held = moved[report.account, report.symbol]
        cash = EXACT.multiply(shares, report.last_px)
        moved[report.account, report.symbol] = Position(
            EXACT.add(held.shares, shares), EXACT.subtract(held.cash, cash)
        )
    summed = positions(book.fill for book in booked)
    for account, symbol in sorted(moved.keys() | summed.keys()):
        if (account, symbol) in undecided:
            result.pending += 1
            continue
        result.compared += 1
        by_trades = moved.get((account, symbol), Position())
        by_fills = summed.get((account, symbol), Position())
        for field, of_trades, of_fills in (
            ("shares", by_trades.shares, by_fills.shares),
            ("cash", by_trades.cash, by_fills.cash),
        ):
            if of_trades != of_fills:
                detail = f"{field} are {plain(of_fills)} by fills, {plain(of_trades)} by executions"
                result.add(Kind.POSITION_DIFFERS, f"{account} {symbol}", detail)
    return result


def _is_whole(tell: Told) -> bool:
    """Whether a trade has what a booking needs; what has not is named with the reports."""
    report = tell.report
    return None not in (report.last_qty, report.last_px, report.last_mkt)
