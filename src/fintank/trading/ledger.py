"""Bookings: what a trade does to an account's shares and cash, and the positions that result."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.instruments import ONE
from fintank.trading.messages import Side
from fintank.trading.reports import ExecutionReport, Fill


@dataclass(frozen=True, slots=True)
class Position:
    """Shares, cash and commissions, summed from fills; cash does not include the commissions."""

    shares: Decimal = ZERO
    cash: Decimal = ZERO
    commission: Decimal = ZERO

    def plus(self, other: "Position") -> "Position":
        """Return the sum of both."""
        return Position(
            EXACT.add(self.shares, other.shares),
            EXACT.add(self.cash, other.cash),
            EXACT.add(self.commission, other.commission),
        )


class PositionKey(NamedTuple):
    """What a position is of; currency is None in records of before there were instruments."""

    account: str
    symbol: str
    currency: str | None


def booking(report: ExecutionReport) -> Fill:
    """Return the booking of a TRADE report."""
    assert report.last_qty is not None
    assert report.last_px is not None
    assert report.last_mkt is not None
    money = EXACT.multiply(EXACT.multiply(report.last_qty, report.last_px), report.multiplier or ONE)
    is_buy = report.side is Side.BUY
    return Fill(
        exec_id=report.exec_id,
        cl_ord_id=report.cl_ord_id,
        list_id=report.list_id,
        account=report.account,
        symbol=report.symbol,
        side=report.side,
        last_qty=report.last_qty,
        last_px=report.last_px,
        last_mkt=report.last_mkt,
        delta_shares=report.last_qty if is_buy else report.last_qty.copy_negate(),
        delta_cash=money.copy_negate() if is_buy else money,
        currency=report.currency,
        multiplier=report.multiplier,
        commission=report.commission,
        transact_time_us=report.transact_time_us,
    )


def positions(fills: Iterable[Fill]) -> dict[PositionKey, Position]:
    """Sum fills by account, symbol and currency; cash is what trading the symbol earned or cost."""
    sums: dict[PositionKey, Position] = {}
    for fill in fills:
        holding = PositionKey(fill.account, fill.symbol, fill.currency)
        moved = Position(fill.delta_shares, fill.delta_cash, fill.commission or ZERO)
        sums[holding] = sums.get(holding, Position()).plus(moved)
    return sums
