"""The rules with a configurable limit: age, size, open orders, value and price."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.rule_context import CONTEXT, text, with_limits

from fintank.settings import PROJECT_ROOT
from fintank.trading.instruments import Instrument
from fintank.trading.limits import Limits
from fintank.trading.rules import check, check_price, is_checkable, too_old

Make = Callable[..., Any]
DAY_US = 86_400_000_000


def test_an_order_older_than_the_retention_is_stale(order: Make) -> None:
    made = order("1")
    at_the_end = replace(CONTEXT, now_us=made.order_time_us + DAY_US)
    behind = replace(CONTEXT, now_us=made.order_time_us + DAY_US + 1)
    assert check(made, at_the_end) is None
    assert text(check(made, behind)) == "code=STALE_ORDER age_us=86400000001 retention_us=86400000000"
    assert check(made, replace(behind, limits=Limits(retention_us=DAY_US + 1))) is None


def test_an_order_ahead_of_its_symbols_clock_is_not_stale(order: Make) -> None:
    assert check(order("1"), replace(CONTEXT, now_us=0)) is None


def test_without_a_clock_nothing_is_too_old() -> None:
    assert too_old(0, CONTEXT) is None
    assert too_old(0, replace(CONTEXT, now_us=DAY_US + 1)) == {"age_us": DAY_US + 1, "retention_us": DAY_US}


def test_what_is_as_old_as_something_forgotten_is_too_old_by_log_time() -> None:
    after = replace(CONTEXT, forgotten_us=5, log_us=9 + DAY_US)
    for context in (after, replace(after, now_us=5)):
        assert too_old(6, context) is None
        assert too_old(5, context) == {"age_us": 4 + DAY_US, "retention_us": DAY_US}


def test_a_quantity_has_a_maximum(order: Make) -> None:
    found = with_limits(max_order_qty=Decimal("10.00"))
    assert check(order("10"), found) is None
    assert check(order(cash="11"), found) is None
    assert text(check(order("10.01"), found)) == "code=MAX_ORDER_QTY order_qty=10.01 limit=10"


def test_a_symbols_open_orders_have_a_maximum(order: Make) -> None:
    found = with_limits(max_open_orders=2)
    assert check(order("1"), replace(found, open_orders=1)) is None
    for count in (2, 3):
        refused = f"code=MAX_OPEN_ORDERS open={count} limit=2"
        assert text(check(order("1"), replace(found, open_orders=count))) == refused


@pytest.mark.parametrize(
    ("given", "notional"),
    [
        ({"cash": "100.01"}, "100.01"),
        ({"qty": "10", "price": "10.001"}, "100.01"),
        ({"qty": "0.9", "stop_px": "111.5"}, "100.35"),
        ({"qty": "10", "stop_px": "10.001"}, "1020"),
        ({"qty": "10", "price": "10.001", "stop_px": "1"}, "100.01"),
        ({"qty": "1.25", "side": "BUY"}, "127.5"),
        ({"qty": "1.25", "side": "SELL"}, "122.5"),
        ({"cash": "100"}, None),
        ({"qty": "1", "price": "10", "side": "SELL", "stop_px": "1"}, None),
        ({"qty": "1.25", "price": "10", "side": "SELL"}, "122.5"),
        ({"qty": "1", "price": "100.01", "side": "SELL"}, "100.01"),
        ({"qty": "10", "price": "10"}, None),
        ({"qty": "10", "price": "9", "stop_px": "99"}, None),
        ({"qty": "0.98", "side": "BUY"}, None),
    ],
)
def test_what_an_order_is_worth_has_a_maximum(
    order: Make, market: Make, given: dict[str, Any], notional: str | None
) -> None:
    found = replace(with_limits(max_order_notional=Decimal(100)), market=market(("98", "102")))
    refused = None if notional is None else f"code=MAX_ORDER_NOTIONAL notional={notional} limit=100"
    assert text(check(order(**given), found)) == refused


@pytest.mark.parametrize("quotes", [(), (("103", None),)])
def test_without_its_side_of_the_nbbo_an_order_is_worth_its_own_price_if_it_has_one(
    order: Make, market: Make, quotes: Any
) -> None:
    found = replace(with_limits(max_order_notional=Decimal(1)), market=market(*quotes))
    assert check(order("5"), found) is None
    assert text(check(order("5", price="5"), found)) == "code=MAX_ORDER_NOTIONAL notional=25 limit=1"


@pytest.mark.parametrize(
    ("side", "price", "good"),
    [
        ("BUY", "110", True),
        ("BUY", "110.01", False),
        ("BUY", "1", True),
        ("SELL", "90", True),
        ("SELL", "89.99", False),
        ("SELL", "1000", True),
    ],
)
def test_a_limit_is_not_too_far_on_the_aggressive_side_of_the_reference_price(
    order: Make, side: str, price: str, good: bool
) -> None:
    found = replace(with_limits(price_band=Decimal("0.10")), reference=Decimal(100))
    refused = None if good else f"code=PRICE_BAND price={price} reference=100 price_band=0.1"
    assert text(check(order("1", side=side, price=price), found)) == refused
    assert text(check(order("1", side=side, price=price, stop_px="500"), found)) == refused
    assert text(check_price(order("1", side=side, price=price), found)) == refused
    assert check(order("1", side=side, stop_px="500"), found) is None


def test_without_a_reference_price_a_limit_is_asked_for_later(order: Make, market: Make) -> None:
    found = replace(with_limits(price_band=Decimal("0.1")), market=market(("98", "102")))
    assert check(order("1", price="500"), found) is None


def test_only_limit_orders_need_a_reference_price_to_be_checked(order: Make) -> None:
    for each in (order("1"), order(cash="1"), order("1", stop_px="1")):
        assert is_checkable(each, None)
    for each in (order("1", price="1"), order(cash="1", price="1", stop_px="1")):
        assert not is_checkable(each, None)
        assert is_checkable(each, Decimal(1))


def test_the_default_times_are_those_of_rules_toml() -> None:
    table = tomllib.loads((PROJECT_ROOT / "rules.toml").read_text())
    times_ms = {name.removesuffix("_ms"): value for name, value in table.items() if name.endswith("_ms")}
    assert len(times_ms) == 4
    for name, time_ms in times_ms.items():
        assert getattr(Limits(), f"{name}_us") == time_ms * 1000


def test_a_price_below_zero_is_on_the_tick_too(order: Make) -> None:
    instrument = Instrument(tick_size=Decimal("0.01"), allow_negative=True)
    context = replace(CONTEXT, instrument=instrument)
    assert check(order("1", price="-1.01"), context) is None
    refused = "code=BAD_TICK field=price value=-1.005 tick_size=0.01"
    assert text(check(order("1", price="-1.005"), context)) == refused


@pytest.mark.parametrize(("qty", "is_enough"), [("4.99", False), ("5", True), ("5.01", True)])
def test_a_quantity_has_a_minimum(order: Make, qty: str, is_enough: bool) -> None:
    context = replace(CONTEXT, instrument=Instrument(min_qty=Decimal(5)))
    found = text(check(order(qty), context))
    assert found == (None if is_enough else f"code=BELOW_MIN_QTY order_qty={qty} min_qty=5")
