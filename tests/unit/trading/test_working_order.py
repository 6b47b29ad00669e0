from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fintank.trading import ids
from fintank.trading.instruments import Instrument
from fintank.trading.messages import OrdStatus
from fintank.trading.working_order import Closing, WorkingOrder, end_of_day_us, end_us

Make = Callable[..., Any]
NEW_YORK = ZoneInfo("America/New_York")
AT_7, AT_8 = Closing(7, by_log=False), Closing(8, by_log=False)


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
    assert (shares.order_qty, shares.cum_qty, shares.leaves_qty, shares.avg_px(Instrument())) == (
        10,
        0,
        10,
        None,
    )
    assert (shares.leaves_cash, shares.residual_cash) == (None, None)
    assert (shares.closed_us, shares.by_log) == (None, False)


def test_the_order_id_is_that_of_the_first_order(shares: WorkingOrder) -> None:
    assert shares.order_id == ids.order_id(shares.order.identity, shares.content_hash)
    assert replace(shares, first_order_id="first").order_id == "first"


def test_a_new_cash_order_leaves_all_of_its_cash(money: WorkingOrder) -> None:
    assert (money.order_qty, money.leaves_qty, money.leaves_cash) == (None, None, 100)
    assert money.residual_cash is None


def test_after_a_part_the_rest_is_left_and_the_sums_are_exact(shares: WorkingOrder) -> None:
    part = shares.traded(Decimal(3), Decimal("1.1"), Instrument())
    part = part.traded(Decimal(4), Decimal("1.2"), Instrument())
    assert (part.cum_qty, part.leaves_qty, part.cum_cash, part.fill_count) == (7, 3, Decimal("8.1"), 2)
    assert part.avg_px(Instrument()) == Decimal("1.157142857143")
    assert part.closed_us is None
    assert part.is_open


def test_a_cash_orders_rest_is_cash(money: WorkingOrder) -> None:
    part = money.traded(Decimal(3), Decimal("30"), Instrument())
    assert (part.order_qty, part.leaves_qty, part.leaves_cash, part.residual_cash) == (None, None, 10, None)


def test_a_filled_order_leaves_nothing(shares: WorkingOrder) -> None:
    filled = shares.traded(Decimal(10), Decimal("1.1"), Instrument()).ended(OrdStatus.FILLED, AT_7)
    assert not filled.is_open
    assert (filled.order_qty, filled.cum_qty, filled.leaves_qty) == (10, 10, 0)


def test_a_filled_cash_orders_quantity_is_what_it_traded(money: WorkingOrder) -> None:
    filled = money.traded(Decimal(4), Decimal("30"), Instrument()).ended(OrdStatus.FILLED, AT_7)
    assert (filled.order_qty, filled.leaves_qty, filled.leaves_cash) == (4, 0, 0)
    assert filled.residual_cash == -20


@pytest.mark.parametrize("status", [OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED])
def test_an_ended_order_leaves_nothing_and_keeps_what_it_traded(
    shares: WorkingOrder, money: WorkingOrder, status: OrdStatus
) -> None:
    part = shares.traded(Decimal(3), Decimal("1.1"), Instrument()).ended(status, AT_8)
    assert (part.is_open, part.order_qty, part.cum_qty, part.leaves_qty) == (False, 10, 3, 0)
    unused = money.ended(status, AT_8)
    assert (unused.order_qty, unused.leaves_qty, unused.leaves_cash, unused.residual_cash) == (0, 0, 0, 100)


def test_retention_runs_from_the_clock_or_log_time_but_not_from_before_the_order(
    shares: WorkingOrder,
) -> None:
    order_time_us = shares.order.order_time_us
    for now_us, closed_us in [(order_time_us - 1, order_time_us), (order_time_us + 1, order_time_us + 1)]:
        for by_log in (False, True):
            ended = shares.ended(OrdStatus.CANCELED, Closing(now_us, by_log))
            assert (ended.closed_us, ended.by_log) == (closed_us, by_log)


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "given", "end"),
    [
        ("UTC", "2024-01-02T14:30:00", "2024-01-03T00:00:00"),
        ("UTC", "2024-01-02T00:00:00", "2024-01-03T00:00:00"),
        ("UTC", "2024-02-28T23:59:59", "2024-02-29T00:00:00"),
        ("America/New_York", "2024-01-02T14:30:00", "2024-01-03T05:00:00"),
        ("America/New_York", "2024-01-03T04:59:59", "2024-01-03T05:00:00"),
        ("America/New_York", "2024-01-03T05:00:00", "2024-01-04T05:00:00"),
        ("America/New_York", "2024-03-10T06:30:00", "2024-03-11T04:00:00"),  # a day of 23 hours
        ("America/New_York", "2024-11-03T05:30:00", "2024-11-04T05:00:00"),  # a day of 25 hours
        ("Asia/Tokyo", "2024-01-02T14:59:59", "2024-01-02T15:00:00"),
        ("Asia/Beirut", "2024-03-30T12:00:00", "2024-03-30T22:00:00"),  # the clocks go from 0:00 to 1:00
    ],
)
def test_a_day_ends_at_midnight_of_its_zone(zone: str, given: str, end: str) -> None:
    assert end_of_day_us(us(given) + 999_999, ZoneInfo(zone)) == us(end)


def test_only_orders_for_a_time_or_a_day_end_by_themselves(order: Make) -> None:
    made = {tif: order("1", tif=tif) for tif in ("GTC", "IOC", "FOK", "DAY")}
    ends = {tif: end_us(each, Instrument(), NEW_YORK) for tif, each in made.items()}
    day = end_of_day_us(made["DAY"].order_time_us, NEW_YORK)
    assert ends == {"GTC": None, "IOC": None, "FOK": None, "DAY": day}
    until = order("1", tif="GTD", ends=7)
    assert end_us(until, Instrument(), NEW_YORK) == until.order_time_us + 7_000_000
