from collections.abc import Callable
from typing import Any

import pytest

from fintank.trading import ages
from fintank.trading.ages import OpenAges
from fintank.trading.limits import Limits
from fintank.trading.order_book import OrderBook
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 2 * 10**15


def with_symbols(order: Make, quote: Make, count: int) -> Shard:
    """A shard with one order for each of this many symbols, at the time of its quote."""
    shard = Shard(Limits())
    for number in range(count):
        shard.on_quote(quote(symbol=f"S{number}"), LOG_US)
        shard.on_order(order("1", symbol=f"S{number}", price="1"), LOG_US)
    return shard


def test_ages_are_by_each_symbols_clock_and_without_one_by_log_time(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote(), LOG_US)
    for at in (-3, -2, -1):
        shard.on_order(order("1", price="1", at=at, cl_ord_id=f"o-{at}"), LOG_US)
    counts = OpenAges(shard.state, [2 * SECOND, 4 * SECOND, 5 * SECOND])
    assert counts.count(LOG_US) == [2, 0, 0]
    assert counts.count(LOG_US + SECOND) == [3, 1, 0]
    assert counts.count(LOG_US + 2 * SECOND) == [3, 2, 1]
    assert counts.count(LOG_US + 2 * SECOND - 1) == [3, 1, 0]
    of_a_symbol_without_a_clock = order("1", symbol="VTI")
    shard.on_order(of_a_symbol_without_a_clock, LOG_US)
    age_us = LOG_US - of_a_symbol_without_a_clock.order_time_us
    assert OpenAges(shard.state, [age_us, age_us + 1]).count(LOG_US) == [1, 0]
    assert shard.state.registry.open_count == 4


def test_closed_orders_do_not_count(order: Make, quote: Make, cancel: Make) -> None:
    shard = with_symbols(order, quote, 2)
    counts = OpenAges(shard.state, [0])
    assert (counts.count(LOG_US), shard.state.registry.open_count) == ([2], 2)
    shard.on_cancel(cancel("o-1", symbol="S0"), LOG_US)
    assert (counts.count(LOG_US), shard.state.registry.open_count) == ([1], 1)
    shard.on_cancel(cancel("o-1", symbol="S1"), LOG_US)
    assert (counts.count(LOG_US), shard.state.registry.open_count) == ([0], 0)


def test_a_second_looks_at_a_bounded_number_of_symbols_and_returns_the_last_whole_round(
    order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ages, "SYMBOLS_MAX", 2)
    shard = with_symbols(order, quote, 5)
    looked_at: list[str] = []
    given_by = OrderBook.given_by

    def counted(orders: OrderBook, time_us: int) -> int:
        looked_at.append(orders.symbol)
        return given_by(orders, time_us)

    monkeypatch.setattr(OrderBook, "given_by", counted)
    counts = OpenAges(shard.state, [0])
    assert [counts.count(LOG_US) for _ in range(3)] == [[0], [0], [5]]
    assert sorted(looked_at) == [f"S{number}" for number in range(5)]
    assert [counts.count(LOG_US) for _ in range(3)] == [[5], [5], [5]]
    assert len(looked_at) == 10
