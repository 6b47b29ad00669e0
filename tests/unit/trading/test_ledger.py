from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from fintank.trading.ledger import Position, booking, positions
from fintank.trading.limits import Limits
from fintank.trading.reports import ExecutionReport
from fintank.trading.shard import Shard

Make = Callable[..., Any]


@pytest.fixture
def trade(quote: Make, order: Make) -> Callable[..., ExecutionReport]:
    """The TRADE report of an order at bid 93.5 and ask 94.25."""

    def make(qty: str, **given: Any) -> ExecutionReport:
        shard = Shard(Limits())
        made = order(qty, **given)
        shard.on_quote(quote("93.5", "94.25", symbol=made.symbol), 0)
        return shard.on_order(made, 0).reports[-1]

    return make


@pytest.mark.parametrize(("side", "shares", "cash"), [("BUY", "2.5", "-235.625"), ("SELL", "-2.5", "233.75")])
def test_a_booking_moves_shares_one_way_and_exact_cash_the_other(
    trade: Make, side: str, shares: str, cash: str
) -> None:
    report = trade("2.5", side=side, list_id="p1")
    fill = booking(report)
    assert (fill.delta_shares, fill.delta_cash) == (Decimal(shares), Decimal(cash))
    for name in (
        "exec_id",
        "cl_ord_id",
        "list_id",
        "account",
        "symbol",
        "side",
        "last_qty",
        "last_px",
        "last_mkt",
        "transact_time_us",
    ):
        assert getattr(fill, name) == getattr(report, name)


def test_a_booking_of_many_digits_is_not_rounded(trade: Make) -> None:
    quantity = "12345678901234567.123456"
    assert Fraction(booking(trade(quantity)).delta_cash) == -Fraction(quantity) * Fraction("94.25")


def test_positions_are_sums_by_account_and_symbol(trade: Make) -> None:
    fills = [
        booking(trade("10")),
        booking(trade("4", side="SELL")),
        booking(trade("1", symbol="VTI")),
        booking(trade("2", account="other")),
    ]
    assert positions(fills) == {
        ("acc", "IVE", "USD"): Position(Decimal(6), Decimal("-568.5")),
        ("acc", "VTI", "USD"): Position(Decimal(1), Decimal("-94.25")),
        ("other", "IVE", "USD"): Position(Decimal(2), Decimal("-188.5")),
    }
    assert positions([]) == {}


def test_commissions_add_up_beside_the_cash_and_a_booking_without_one_cost_none(trade: Make) -> None:
    fill = booking(trade("10"))
    fills = [replace(fill, commission=Decimal(cost)) for cost in ("0.5", "0.25")]
    (position,) = positions([fill, *fills]).values()
    assert position == Position(Decimal(30), Decimal("-2827.5"), Decimal("0.75"))
