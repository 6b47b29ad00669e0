from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.rule_context import CONTEXT, text, with_limits

from fintank.trading.codes import CXL_REJ_REASON, ORD_REJ_REASON, OTHER, Code, coded_reason
from fintank.trading.messages import CodedReason, OrdType, State, TimeInForce
from fintank.trading.rules import PRICE_RULES, RULES, check

Make = Callable[..., Any]


@pytest.mark.parametrize(
    "given",
    [
        {"qty": "0.5"},
        {"cash": "0.01"},
        {"qty": "1", "price": "0.01"},
        {"qty": "1", "stop_px": "0.01"},
        {"qty": "1", "price": "1", "stop_px": "1"},
        {"cash": "1", "tif": "IOC"},
        {"qty": "1", "price": "1", "tif": "FOK"},
        {"qty": "1", "tif": "DAY", "priority": 2},
        {"qty": "1", "tif": "GTD", "ends": 0.000001},
        {"qty": "1", "stop_px": "1", "priority": 3, "tif": "GTD", "ends": 1},
    ],
)
def test_a_good_order_breaks_no_rule(order: Make, given: dict[str, Any]) -> None:
    assert check(order(**given), CONTEXT) is None


def test_a_reason_is_its_code_and_its_numbers() -> None:
    assert coded_reason(Code.WEIGHTS_SUM, {"sum": "0.9", "limit": 1}) == CodedReason(
        "WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9 limit=1"
    )


def test_what_the_message_already_brings_comes_first(order: Make) -> None:
    brought = CodedReason("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9")
    halted = replace(CONTEXT, state=State.HALTED)
    assert check(order("-1", refusal=brought), halted) is brought


@pytest.mark.parametrize(
    ("state", "side", "refused"),
    [
        ("HALTED", "BUY", "code=TRADING_HALTED state=HALTED"),
        ("HALTED", "SELL", "code=TRADING_HALTED state=HALTED"),
        ("SELL_ONLY", "BUY", "code=TRADING_HALTED state=SELL_ONLY"),
        ("SELL_ONLY", "SELL", None),
        ("ACTIVE", "BUY", None),
    ],
)
def test_the_trading_state_forbids_orders(order: Make, state: str, side: str, refused: str | None) -> None:
    assert text(check(order("1", side=side), replace(CONTEXT, state=State(state)))) == refused


def test_a_symbol_is_one_of_the_configured_ones(order: Make) -> None:
    known = with_limits(symbols=frozenset({"IVE", "VTI"}))
    assert check(order("1"), known) is None
    assert text(check(order("1", symbol="IWS"), known)) == "code=UNKNOWN_SYMBOL symbol=IWS"


def test_cash_is_not_a_tradable_symbol(order: Make) -> None:
    for found in (CONTEXT, with_limits(symbols=frozenset({"CASH"}))):
        assert text(check(order("1", symbol="CASH"), found)) == "code=UNKNOWN_SYMBOL symbol=CASH"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ord_type": OrdType.LIMIT}, "price"),
        ({"ord_type": OrdType.STOP_LIMIT}, "price"),
        ({"ord_type": OrdType.STOP_LIMIT, "price": "1"}, "stop_px"),
        ({"ord_type": OrdType.STOP}, "stop_px"),
        ({"tif": "GTD"}, "expire_time"),
        ({"ord_type": OrdType.STOP, "tif": "GTD"}, "stop_px"),
        ({"ord_type": OrdType.STOP, "price": "1"}, "stop_px"),
    ],
)
def test_an_order_has_the_fields_that_it_needs(order: Make, given: dict[str, Any], field: str) -> None:
    assert text(check(order("1", **given), CONTEXT)) == f"code=INCOMPLETE_ORDER field={field}"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ord_type": OrdType.MARKET, "price": "1"}, "price"),
        ({"ord_type": OrdType.STOP, "price": "1", "stop_px": "1"}, "price"),
        ({"ord_type": OrdType.MARKET, "stop_px": "1"}, "stop_px"),
        ({"ord_type": OrdType.LIMIT, "price": "1", "stop_px": "1"}, "stop_px"),
        ({"ends": 1}, "expire_time"),
        ({"tif": "DAY", "ends": 1}, "expire_time"),
        ({"tif": "IOC", "ends": 1}, "expire_time"),
        ({"ord_type": OrdType.MARKET, "stop_px": "1", "ends": 1}, "stop_px"),
    ],
)
def test_an_order_has_no_other_fields(order: Make, given: dict[str, Any], field: str) -> None:
    assert text(check(order("1", **given), CONTEXT)) == f"code=UNEXPECTED_FIELD field={field}"


@pytest.mark.parametrize(("qty", "shown"), [("0", "0"), ("-0.50", "-0.5")])
def test_a_quantity_is_above_zero(order: Make, qty: str, shown: str) -> None:
    assert text(check(order(qty), CONTEXT)) == f"code=BAD_QUANTITY order_qty={shown}"


@pytest.mark.parametrize(("cash", "shown"), [("0", "0"), ("-1", "-1"), ("10.005", "10.005")])
def test_cash_is_above_zero_and_in_whole_cents(order: Make, cash: str, shown: str) -> None:
    assert text(check(order(cash=cash), CONTEXT)) == f"code=BAD_AMOUNT cash_order_qty={shown}"


@pytest.mark.parametrize(
    ("prices", "shown"),
    [
        ({"price": "0"}, "field=price value=0"),
        ({"price": "-1.50"}, "field=price value=-1.5"),
        ({"stop_px": "0"}, "field=stop_px value=0"),
        ({"price": "1", "stop_px": "-1"}, "field=stop_px value=-1"),
        ({"price": "-2", "stop_px": "-1"}, "field=price value=-2"),
    ],
)
def test_prices_are_above_zero(order: Make, prices: dict[str, str], shown: str) -> None:
    assert text(check(order("1", **prices), CONTEXT)) == f"code=BAD_PRICE {shown}"


@pytest.mark.parametrize(("ends", "shown"), [(0, "1438539936.000000"), (-1.5, "1438539934.500000")])
def test_an_order_does_not_expire_before_its_timestamp(order: Make, ends: float, shown: str) -> None:
    assert text(check(order("1", tif="GTD", ends=ends), CONTEXT)) == (
        f"code=BAD_EXPIRE_TIME expire_time={shown} timestamp=1438539936.000000"
    )


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_a_stop_can_wait(order: Make, tif: str) -> None:
    refused = f"code=STOP_TIF ord_type=STOP time_in_force={tif}"
    assert text(check(order("1", stop_px="5", tif=tif), CONTEXT)) == refused
    refused = f"code=STOP_TIF ord_type=STOP_LIMIT time_in_force={tif}"
    assert text(check(order("1", price="5", stop_px="5", tif=tif), CONTEXT)) == refused


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_what_trades_as_a_block_can_wait(order: Make, tif: str) -> None:
    refused = f"code=PRIORITY_TIF priority=2 time_in_force={tif}"
    assert text(check(order("1", priority=2, tif=tif), CONTEXT)) == refused


def test_the_first_breach_counts_in_the_order_of_the_table(order: Make) -> None:
    assert [str(code) for code in RULES] == [
        *("TRADING_HALTED", "UNKNOWN_SYMBOL", "INCOMPLETE_ORDER", "UNEXPECTED_FIELD", "BAD_QUANTITY"),
        *(
            "BAD_AMOUNT",
            "NO_CASH_ORDER",
            "BAD_PRICE",
            "BAD_TICK",
            "BAD_LOT",
            "BELOW_MIN_QTY",
            "BAD_EXPIRE_TIME",
            "STOP_TIF",
            "PRIORITY_TIF",
            "STALE_ORDER",
        ),
        *("MAX_ORDER_QTY", "MAX_OPEN_ORDERS", "MAX_ORDER_NOTIONAL", "PRICE_BAND"),
    ]
    assert tuple(RULES)[-1:] == PRICE_RULES
    made = order("-1", symbol="CASH", time_in_force=TimeInForce.GTD)
    assert text(check(made, CONTEXT)) == "code=UNKNOWN_SYMBOL symbol=CASH"


def test_reasons_are_the_numbers_of_fix() -> None:
    reasons = {code.value: ORD_REJ_REASON[code] for code in Code if code in ORD_REJ_REASON}
    assert reasons == {
        "UNKNOWN_SYMBOL": 1,
        "TRADING_HALTED": 2,
        "MAX_ORDER_QTY": 3,
        "MAX_OPEN_ORDERS": 3,
        "MAX_ORDER_NOTIONAL": 3,
        "DUPLICATE_ORDER": 6,
        "STALE_ORDER": 8,
        "INCOMPLETE_ORDER": 11,
        "NO_CASH_ORDER": 11,
        "UNEXPECTED_FIELD": 11,
        "STOP_TIF": 11,
        "PRIORITY_TIF": 11,
        "BAD_QUANTITY": 13,
        "BAD_AMOUNT": 13,
        "BAD_LOT": 13,
        "BELOW_MIN_QTY": 13,
        "BELOW_ONE_CENT": 13,
        "PRICE_BAND": 16,
        "BAD_TICK": 18,
    }
    assert dict(CXL_REJ_REASON) == {
        "TOO_LATE": 0,
        "UNKNOWN_ORDER": 1,
        "DUPLICATE_ORDER": 6,
        "PRICE_BAND": 8,
        "BAD_TICK": 18,
    }
    assert OTHER == 99


def test_every_rule_says_what_it_requires() -> None:
    assert all(rule.__doc__ for rule in RULES.values())
