"""Bookings: what a trade does to an account's shares and cash, and the positions that result."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.messages import Side
from fintank.trading.reports import ExecutionReport, Fill


@dataclass(frozen=True, slots=True)
class Position:
    """Shares and cash, summed from fills."""

    shares: Decimal = ZERO
    cash: Decimal = ZERO


def booking(report: ExecutionReport) -> Fill:
    """Return the booking of a TRADE report."""
    assert report.last_qty is not None
    assert report.last_px is not None
    assert report.last_mkt is not None
    money = EXACT.multiply(report.last_qty, report.last_px)
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
        transact_time_us=report.transact_time_us,
    )


def positions(fills: Iterable[Fill]) -> dict[tuple[str, str], Position]:
    """Sum fills by (account, symbol); cash is what trading the symbol earned or cost."""
    sums: dict[tuple[str, str], Position] = {}
    for fill in fills:
        held = sums.get((fill.account, fill.symbol), Position())
        sums[fill.account, fill.symbol] = Position(
            EXACT.add(held.shares, fill.delta_shares), EXACT.add(held.cash, fill.delta_cash)
        )
    return sums
