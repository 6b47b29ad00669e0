"""A second looks only at the symbols whose time has come, and at a bounded number of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading import shard as shard_module
from fintank.trading.limits import Limits
from fintank.trading.messages import State, TradingState
from fintank.trading.order_book import OrderBook
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 10**15


def test_a_second_looks_at_no_symbol_whose_time_has_not_come(
    order: Make, quote: Make, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard(Limits())
    for number in range(100):
        shard.on_quote(quote("99", "101", symbol=f"S{number}"), LOG_US)
        tif = {"tif": "GTD", "ends": 100 + number}
        shard.on_order(order("1", price="50", symbol=f"S{number}", **tif), LOG_US)
    assert len(shard.on_second(LOG_US).reports) == 0
    shard.changed_quotes()
    shard.on_second(LOG_US + SECOND)
    steps.clear()
    due: list[OrderBook] = []
    is_due = shard._is_due
    monkeypatch.setattr(shard, "_is_due", lambda orders: due.append(orders) or is_due(orders))
    reports = [shard.on_second(LOG_US + second * SECOND).reports for second in (2, 99, 100, 102)]
    assert [[report.symbol for report in found] for found in reports] == [[], [], ["S0"], ["S1", "S2"]]
    assert [orders.symbol for orders in due] == steps == ["S0", "S1", "S2"]


def test_a_symbol_without_a_market_or_halted_is_not_looked_at_every_second(
    order: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "98", symbol="CROSSED"), LOG_US)
    shard.on_quote(quote("99", "101"), LOG_US)
    for symbol in ("CROSSED", "IVE"):
        shard.on_order(order("1", price="50", symbol=symbol, priority=2), LOG_US)
        shard.on_order(order("1", price="50", symbol=symbol, tif="GTD", ends=9, cl_ord_id="ends"), LOG_US)
    shard.on_trading_state(TradingState(State.HALTED, 1, 1, "orders-0-1"), LOG_US)
    for second in range(1, 3):
        shard.on_second(LOG_US + second * SECOND)
    steps.clear()
    for second in range(3, 9):
        shard.on_second(LOG_US + second * SECOND)
    assert steps == []
    assert len(shard.on_second(LOG_US + 9 * SECOND).reports) == 2
    assert shard.on_quote(quote("99", "101", at=9, offset=1), LOG_US + 9 * SECOND) is None
    assert steps == ["CROSSED", "IVE", "IVE"]  # by the second, and any quote may lead to something


def test_the_quote_that_uncrosses_the_market_need_not_reach_an_order_itself(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("98", "100", exchange="NYSE"), LOG_US)
    shard.on_quote(quote("102", "103", offset=1), LOG_US)
    shard.on_order(order("1", price="100"), LOG_US)
    shard.on_second(LOG_US + SECOND)
    filled = shard.on_quote(quote("97", "103", at=1, offset=2), LOG_US + SECOND)
    assert filled is not None
    assert [report.last_px for report in filled.reports] == [Decimal(100)]


def test_one_second_handles_a_bounded_number_of_events_and_the_next_the_rest(
    order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_module, "SECOND_EVENTS_MAX", 3)
    shard = Shard(Limits())
    for number in range(10):
        symbol = f"S{number // 2}"
        shard.on_quote(quote("99", "101", symbol=symbol, offset=number), LOG_US)
        made = order("1", price="50", symbol=symbol, tif="GTD", ends=9, cl_ord_id=f"o-{number}")
        shard.on_order(made, LOG_US)
    seconds = [shard.on_second(LOG_US + second * SECOND).reports for second in (9, 10, 11, 12)]
    assert [len(reports) for reports in seconds] == [4, 4, 2, 0]


def test_the_clock_that_a_tick_moves_ahead_is_looked_at_in_time(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), LOG_US)
    shard.on_second(LOG_US)
    shard.on_quote(quote("99", "101", at=99, offset=1), LOG_US)
    assert [len(shard.on_second(LOG_US + us).reports) for us in (SECOND - 1, SECOND)] == [0, 1]


def test_the_clock_that_a_tick_moves_back_is_looked_at_in_time(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), LOG_US)
    shard.on_second(LOG_US)
    shard.on_quote(quote("99", "101", at=10, offset=1), LOG_US + 50 * SECOND)
    assert [len(shard.on_second(LOG_US + s * SECOND).reports) for s in (100, 139, 140)] == [0, 0, 1]
