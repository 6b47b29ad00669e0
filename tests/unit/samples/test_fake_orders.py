from collections import Counter
from decimal import Decimal

import pytest

from fintank.samples import fake_ticks
from fintank.samples.fake_orders import FakePortfolioOrder, call_name, market_orders, portfolio_orders
from fintank.trading.decimals import is_whole_cents
from fintank.trading.messages import CASH, Side

NOW_US = 1_700_000_000_123_456


def made(seed: str | None, symbols: int = 3, count: int = 10, name: str = "p") -> list[FakePortfolioOrder]:
    return list(portfolio_orders(seed, fake_ticks.symbol_names(symbols), count, name))


def test_the_same_seed_gives_the_same_orders_with_new_ids() -> None:
    first, second = made("7", name="a"), made("7", name="b")
    assert [order._replace(order_id="") for order in first] == [
        order._replace(order_id="") for order in second
    ]
    assert [order.order_id for order in first[:2]] == ["a-1", "a-2"]
    assert [order._replace(order_id="") for order in made("8")] != [
        order._replace(order_id="") for order in first
    ]


def test_two_calls_have_different_names() -> None:
    assert call_name("portfolio", NOW_US) == "portfolio-20231114-221320-123456"
    assert call_name("portfolio", NOW_US) != call_name("portfolio", NOW_US + 1)


def test_ten_orders_have_both_sides_both_priorities_and_several_accounts() -> None:
    orders = made(None)
    assert {order.side for order in orders} == {Side.BUY, Side.SELL}
    assert {order.priority for order in orders} == {1, 2}
    assert len({order.account for order in made("1")}) > 2


@pytest.mark.parametrize("symbols", [2, 3, 30])
def test_weights_sum_to_1_and_amounts_are_whole_cents(symbols: int) -> None:
    for order in made("1", symbols, count=300):
        assert sum(spec.weight for spec in order.portfolio) == 1
        assert all(spec.weight > 0 for spec in order.portfolio)
        assert order.amount >= 100
        assert is_whole_cents(order.amount)


def test_a_portfolio_has_two_to_five_different_symbols_and_sometimes_cash() -> None:
    orders = made("1", 30, count=300)
    counts = Counter(len({spec.symbol for spec in order.portfolio}) for order in orders)
    assert set(counts) == {2, 3, 4, 5}
    assert all(len({spec.symbol for spec in order.portfolio}) == len(order.portfolio) for order in orders)
    assert 30 < sum(order.portfolio[-1].symbol == CASH for order in orders) < 150


def test_the_symbols_are_those_of_the_fake_ticks() -> None:
    named = {spec.symbol for order in made("1", 3, count=100) for spec in order.portfolio}
    assert named == {"VTI", "IVE", "IWS", CASH}
    chosen = {spec.symbol for order in made("1", 30, count=300) for spec in order.portfolio}
    assert chosen - {CASH} == set(fake_ticks.symbol_names(30))


def test_market_orders_cycle_through_the_symbols() -> None:
    orders = list(market_orders(["IVE", "VTI"], 4, "m"))
    assert [order.cl_ord_id for order in orders] == ["m-1", "m-2", "m-3", "m-4"]
    assert Counter(order.symbol for order in orders) == {"IVE": 2, "VTI": 2}
    assert all(order.order_qty >= Decimal(1) for order in orders)
