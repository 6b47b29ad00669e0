from collections.abc import Callable
from typing import Any

import pytest

from fintank.trading.limits import Limits
from fintank.trading.messages import OrdType, Refusal, TimeInForce
from fintank.trading.rules import ORD_REJ_REASON, OTHER, RULES, Code, Facts, check, refusal

Make = Callable[..., Any]
FACTS = Facts(Limits(), now_us=None)
DAY_US = 86_400_000_000


def text(refused: Refusal | None) -> str | None:
    return None if refused is None else refused.text


def test_a_good_order_breaks_no_rule(order: Make) -> None:
    assert check(order("0.5"), FACTS) is None
    assert check(order(cash="0.01"), FACTS) is None


def test_a_refusal_is_its_code_and_its_numbers() -> None:
    assert refusal(Code.WEIGHTS_SUM, {"sum": "0.9", "limit": 1}) == Refusal(
        "WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9 limit=1"
    )


def test_what_the_message_already_brings_comes_first(order: Make) -> None:
    brought = Refusal("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9")
    assert check(order("-1", refusal=brought), FACTS) is brought


@pytest.mark.parametrize(("qty", "shown"), [("0", "0"), ("-0.50", "-0.5")])
def test_a_quantity_is_above_zero(order: Make, qty: str, shown: str) -> None:
    assert text(check(order(qty), FACTS)) == f"code=BAD_QUANTITY order_qty={shown}"


@pytest.mark.parametrize(("cash", "shown"), [("0", "0"), ("-1", "-1"), ("10.005", "10.005")])
def test_money_is_above_zero_and_in_whole_cents(order: Make, cash: str, shown: str) -> None:
    assert text(check(order(cash=cash), FACTS)) == f"code=BAD_AMOUNT cash_order_qty={shown}"


def test_only_market_orders_are_traded(order: Make) -> None:
    refused = check(order("1", ord_type=OrdType.LIMIT), FACTS)
    assert text(refused) == "code=UNSUPPORTED_ORDER ord_type=LIMIT time_in_force=GTC"


def test_only_orders_that_are_good_till_canceled_are_traded(order: Make) -> None:
    refused = check(order("1", time_in_force=TimeInForce.FOK), FACTS)
    assert text(refused) == "code=UNSUPPORTED_ORDER ord_type=MARKET time_in_force=FOK"


def test_a_symbol_is_one_of_the_configured_ones(order: Make) -> None:
    facts = Facts(Limits(symbols=frozenset({"IVE", "VTI"})), None)
    assert check(order("1"), facts) is None
    assert text(check(order("1", symbol="IWS"), facts)) == "code=UNKNOWN_SYMBOL symbol=IWS"


def test_cash_is_no_symbol_to_trade(order: Make) -> None:
    assert text(check(order("1", symbol="CASH"), FACTS)) == "code=UNKNOWN_SYMBOL symbol=CASH"


def test_an_order_older_than_the_retention_is_stale(order: Make) -> None:
    made = order("1")
    assert check(made, Facts(Limits(), made.order_time_us + DAY_US)) is None
    assert text(check(made, Facts(Limits(), made.order_time_us + DAY_US + 1))) == (
        "code=STALE_ORDER age_us=86400000001 retention_us=86400000000"
    )
    assert check(made, Facts(Limits(retention_us=DAY_US + 1), made.order_time_us + DAY_US + 1)) is None


def test_an_order_ahead_of_its_symbols_clock_is_not_stale(order: Make) -> None:
    assert check(order("1"), Facts(Limits(), now_us=0)) is None


def test_reasons_are_the_numbers_of_fix() -> None:
    reasons = {code.value: ORD_REJ_REASON.get(code, OTHER) for code in Code}
    assert reasons == {
        "BAD_AMOUNT": 13,
        "BAD_QUANTITY": 13,
        "BELOW_MIN_QTY": 99,
        "BELOW_ONE_CENT": 13,
        "DUPLICATE_ORDER": 6,
        "DUPLICATE_SYMBOL": 99,
        "NEGATIVE_WEIGHT": 99,
        "STALE_ORDER": 8,
        "TOO_MANY_COMPONENTS": 99,
        "UNKNOWN_SYMBOL": 1,
        "UNSUPPORTED_ORDER": 11,
        "WEIGHTS_SUM": 99,
    }


def test_every_rule_says_what_it_wants() -> None:
    assert all(rule.__doc__ for rule in RULES.values())
