from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.trading.messages import ComponentSpec, OrdType, PortfolioOrder, Side, TimeInForce
from fintank.trading.portfolio import components, split, split_message

Make = Callable[..., Any]


def amounts(order: PortfolioOrder) -> dict[str, str]:
    return {component.symbol: str(component.cash_order_qty) for component in components(order, Limits())}


def refusals(order: PortfolioOrder, limits: Limits | None = None) -> dict[str, str]:
    found = {}
    for component in components(order, limits or Limits()):
        assert component.refusal is not None
        assert component.refusal.text.startswith(f"code={component.refusal.code} ")
        found[component.symbol] = component.refusal.text
    return found


def test_a_component_carries_what_its_portfolio_order_says(portfolio_order: Make) -> None:
    given_order = portfolio_order({"IVE": "1"}, "100.25", side=Side.SELL, time_in_force=TimeInForce.IOC)
    (component,) = components(given_order, Limits())
    assert component.cl_ord_id == "p1-IVE"
    assert component.list_id == "p1"
    assert component.cash_order_qty == Decimal("100.25")
    assert (component.order_qty, component.refusal) == (None, None)
    assert component.ord_type is OrdType.MARKET
    for name in ("account", "side", "priority", "time_in_force", "order_time_us", "content_hash", "input"):
        assert getattr(component, name) == getattr(given_order, name)


def test_an_amount_is_split_by_weight(portfolio_order: Make) -> None:
    assert amounts(portfolio_order({"IVE": "0.5", "VTI": "0.3", "IWS": "0.2"}, "1000")) == {
        "IVE": "500.00",
        "VTI": "300.00",
        "IWS": "200.00",
    }


def test_cents_left_over_go_to_the_largest_remainder(portfolio_order: Make) -> None:
    # 0.335, 0.333 and 0.332 of 10.01 are 3.35335, 3.33333 and 3.32332.
    order = portfolio_order({"A": "0.332", "B": "0.335", "C": "0.333"}, "10.01")
    assert amounts(order) == {"A": "3.32", "B": "3.36", "C": "3.33"}


def test_of_equal_remainders_the_symbol_that_sorts_first_gets_the_cent(portfolio_order: Make) -> None:
    assert amounts(portfolio_order({"VTI": "0.5", "IVE": "0.5"}, "0.03")) == {"VTI": "0.01", "IVE": "0.02"}


def test_cash_keeps_its_part_and_takes_part_in_the_rounding(portfolio_order: Make) -> None:
    assert amounts(portfolio_order({"IVE": "0.5", "CASH": "0.5"}, "0.03")) == {"IVE": "0.01"}
    assert amounts(portfolio_order({"CASH": "1"})) == {}


def test_a_weight_of_zero_has_no_component(portfolio_order: Make) -> None:
    assert amounts(portfolio_order({"IVE": "1", "VTI": "0", "IWS": "0.0"}, "0.01")) == {"IVE": "0.01"}


def test_a_component_below_one_cent_is_rejected_alone(portfolio_order: Make) -> None:
    big, small = components(portfolio_order({"IVE": "0.9999", "VTI": "0.0001"}, "1"), Limits())
    assert (big.refusal, big.cash_order_qty) == (None, 1)
    assert small.refusal is not None
    assert small.refusal.text == "code=BELOW_ONE_CENT symbol=VTI cash_order_qty=0"


@pytest.mark.parametrize("last", ["0.333333333", "0.333333335"])
def test_weights_may_miss_their_sum_by_the_tolerance(portfolio_order: Make, last: str) -> None:
    order = portfolio_order({"A": "0.333333333", "B": "0.333333333", "C": last}, "300000000000")
    total = sum(Decimal(amount) for amount in amounts(order).values())
    assert total == Decimal("300000000000")


@pytest.mark.parametrize("last", ["0.3333333329", "0.3333333351"])
def test_weights_beyond_the_tolerance_are_rejected(portfolio_order: Make, last: str) -> None:
    texts = refusals(portfolio_order({"A": "0.333333333", "B": "0.333333333", "C": last}))
    total = Decimal("0.666666666") + Decimal(last)
    assert set(texts) == {"A", "B", "C"}
    assert set(texts.values()) == {f"code=WEIGHTS_SUM sum={total} tolerance=0.000000001"}


@pytest.mark.parametrize(
    ("portfolio", "text"),
    [
        ([("IVE", "1.5"), ("VTI", "-0.5")], "code=NEGATIVE_WEIGHT symbol=VTI weight=-0.5"),
        ([("IVE", "0.5"), ("VTI", "0.25"), ("IVE", "0.25")], "code=DUPLICATE_SYMBOL symbol=IVE weight=0.25"),
        ([("IVE", "0.5"), ("VTI", "0.4")], "code=WEIGHTS_SUM sum=0.9 tolerance=0.000000001"),
        ([("IVE", "0"), ("VTI", "0")], "code=WEIGHTS_SUM sum=0 tolerance=0.000000001"),
    ],
)
def test_a_bad_portfolio_rejects_every_component_and_names_the_bad_one(
    portfolio_order: Make, portfolio: list[tuple[str, str]], text: str
) -> None:
    assert refusals(portfolio_order(portfolio)) == {"IVE": text, "VTI": text}


@pytest.mark.parametrize("foreign", ["AUD", "ZAR"])
def test_an_amount_is_in_one_currency(portfolio_order: Make, foreign: str) -> None:
    limits = Limits(instruments=Instruments([("*.X", Instrument(currency=foreign))]))
    text = f"code=MIXED_CURRENCIES symbol=A.X currency={foreign} expected=USD"
    order = portfolio_order({"IVE": "0.5", "CASH": "0.2", "A.X": "0.3"})
    assert refusals(order, limits) == {"IVE": text, "A.X": text}
    assert amounts(portfolio_order({"IVE": "1", "A.X": "0"})) == {"IVE": "100.00"}


def test_a_message_is_split_into_orders_for_one_symbol(
    order: Make, portfolio_order: Make, cancel: Make
) -> None:
    whole, single = portfolio_order({"IVE": "0.5", "VTI": "0.5"}), order("1")
    assert split_message(whole, Limits()) == components(whole, Limits())
    assert list(split_message(single, Limits())) == [single]
    assert list(split_message(cancel("o-1"), Limits())) == []


@pytest.mark.parametrize(("amount", "shown"), [("0", "0"), ("-5", "-5"), ("100.005", "100.005")])
def test_an_amount_is_above_zero_and_in_whole_cents(portfolio_order: Make, amount: str, shown: str) -> None:
    assert refusals(portfolio_order({"IVE": "1"}, amount)) == {"IVE": f"code=BAD_AMOUNT amount={shown}"}


@pytest.mark.parametrize("symbol", ["BND", "VTI"])
def test_a_symbol_that_is_not_configured_is_rejected(portfolio_order: Make, symbol: str) -> None:
    limits = Limits(symbols=frozenset({"IVE"}))
    text = f"code=UNKNOWN_SYMBOL symbol={symbol} weight=0.25"
    order = portfolio_order({"IVE": "0.5", "CASH": "0.25", symbol: "0.25"})
    assert refusals(order, limits) == {"IVE": text, symbol: text}
    assert all(component.refusal is None for component in components(order, Limits()))


def test_too_many_components_are_rejected(portfolio_order: Make) -> None:
    text = "code=TOO_MANY_COMPONENTS components=1001 limit=1000"
    assert refusals(portfolio_order({f"S{number}": "0" for number in range(1001)})) == {"S0": text}
    assert refusals(portfolio_order({"CASH": "1"} | {f"T{number}": "0" for number in range(2000)})) == {
        "T0": "code=TOO_MANY_COMPONENTS components=2001 limit=1000"
    }


def test_a_thousand_components_are_not_too_many(portfolio_order: Make) -> None:
    order = portfolio_order({f"S{number}": "0.001" for number in range(1000)}, "10")
    assert set(amounts(order).values()) == {"0.01"}


@pytest.mark.parametrize("portfolio", [{}, {"CASH": "0.5"}])
def test_a_rejected_portfolio_without_a_symbol_is_reported(portfolio_order: Make, portfolio: Any) -> None:
    assert list(refusals(portfolio_order(portfolio))) == ["CASH"]


weights = st.lists(st.integers(1, 10**9), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(weights, st.integers(1, 10**15))
def test_parts_sum_to_the_amount_exactly_and_are_each_within_a_cent(parts: list[int], cents: int) -> None:
    scale = Fraction(1, sum(parts))
    given_weights = {f"S{number}": Decimal(part).scaleb(-9) for number, part in enumerate(parts)}
    amount = Decimal(cents).scaleb(-2)
    result = split(amount, given_weights)
    assert sum(result.values()) == amount
    for number, part in enumerate(parts):
        share = Fraction(amount) * part * scale
        assert abs(Fraction(result[f"S{number}"]) - share) < Fraction(1, 100)


@settings(max_examples=200, deadline=None)
@given(weights, st.integers(1, 10**9))
def test_components_and_cash_sum_to_the_amount_of_any_good_order(parts: list[int], cents: int) -> None:
    total = sum(parts)
    shares = [Decimal(part * 10**15 // total).scaleb(-15) for part in parts]
    shares[0] += 1 - sum(shares)
    names = ["CASH", *(f"S{number}" for number in range(1, len(parts)))]
    order = PortfolioOrder(
        order_id="p1",
        account="acc",
        side=Side.BUY,
        amount=Decimal(cents).scaleb(-2),
        portfolio=tuple(ComponentSpec(name, share) for name, share in zip(names, shares, strict=True)),
        priority=1,
        time_in_force=TimeInForce.GTC,
        order_time_us=0,
        content_hash="h",
        input="orders-0-0",
    )
    invested = sum(component.cash_order_qty or 0 for component in components(order, Limits()))
    kept = Fraction(order.amount) - Fraction(invested)
    assert abs(kept - Fraction(order.amount) * Fraction(shares[0])) < Fraction(1, 100)
