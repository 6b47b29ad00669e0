from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.messages import OrdStatus
from fintank.trading.orders import WorkingOrder

Make = Callable[..., Any]


@pytest.fixture
def shares(order: Make) -> WorkingOrder:
    return WorkingOrder(order("10"), arrival_seq=3, accepted_us=0, end_us=None, is_checked=True)


@pytest.fixture
def money(order: Make) -> WorkingOrder:
    return WorkingOrder(
        order(cash="100", side="SELL"), arrival_seq=3, accepted_us=0, end_us=None, is_checked=True
    )


def test_a_new_quantity_order_leaves_all_of_its_quantity(shares: WorkingOrder) -> None:
    assert shares.is_open
    assert (shares.order_qty, shares.cum_qty, shares.leaves_qty, shares.avg_px) == (10, 0, 10, None)
    assert (shares.leaves_cash, shares.residual_cash) == (None, None)


def test_a_new_cash_order_leaves_all_of_its_cash(money: WorkingOrder) -> None:
    assert (money.order_qty, money.leaves_qty, money.leaves_cash) == (None, None, 100)
    assert money.residual_cash is None


def test_after_a_part_the_rest_is_left_and_the_sums_are_exact(shares: WorkingOrder) -> None:
    part = shares.traded(Decimal(3), Decimal("1.1"))
    part = part.traded(Decimal(4), Decimal("1.2"))
    assert (part.cum_qty, part.leaves_qty, part.cum_cash, part.fill_count) == (7, 3, Decimal("8.1"), 2)
    assert part.avg_px == Decimal("1.157142857143")
    assert part.closed_us is None
    assert part.is_open


def test_a_cash_orders_rest_is_cash(money: WorkingOrder) -> None:
    part = money.traded(Decimal(3), Decimal("30"))
    assert (part.order_qty, part.leaves_qty, part.leaves_cash, part.residual_cash) == (None, None, 10, None)


def test_a_filled_order_leaves_nothing(shares: WorkingOrder) -> None:
    filled = shares.traded(Decimal(10), Decimal("1.1")).ended(OrdStatus.FILLED, 7)
    assert not filled.is_open
    assert (filled.order_qty, filled.cum_qty, filled.leaves_qty) == (10, 10, 0)


def test_a_filled_cash_orders_quantity_is_what_it_traded(money: WorkingOrder) -> None:
    filled = money.traded(Decimal(4), Decimal("30")).ended(OrdStatus.FILLED, 7)
    assert (filled.order_qty, filled.leaves_qty, filled.leaves_cash) == (4, 0, 0)
    assert filled.residual_cash == -20


@pytest.mark.parametrize("status", [OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED])
def test_an_ended_order_leaves_nothing_and_keeps_what_it_traded(
    shares: WorkingOrder, money: WorkingOrder, status: OrdStatus
) -> None:
    part = shares.traded(Decimal(3), Decimal("1.1")).ended(status, 8)
    assert (part.is_open, part.order_qty, part.cum_qty, part.leaves_qty) == (False, 10, 3, 0)
    unused = money.ended(status, 8)
    assert (unused.order_qty, unused.leaves_qty, unused.leaves_cash, unused.residual_cash) == (0, 0, 0, 100)


def test_retention_runs_from_the_clock_but_not_from_before_the_order(shares: WorkingOrder) -> None:
    order_time_us = shares.order.order_time_us
    for now_us, closed_us in [
        (None, order_time_us),
        (order_time_us - 1, order_time_us),
        (order_time_us + 1, order_time_us + 1),
    ]:
        assert shares.ended(OrdStatus.CANCELED, now_us).closed_us == closed_us
        assert shares.traded(Decimal(1), Decimal(1)).ended(OrdStatus.FILLED, now_us).closed_us == closed_us
