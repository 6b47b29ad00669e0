"""Only what a quote touches is looked at."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.rule_context import lots_of
from support.timers import run_timers

from fintank.trading import steps as steps_module
from fintank.trading.limits import Limits
from fintank.trading.messages import Side, State, TradingState
from fintank.trading.order_book import OrderBook
from fintank.trading.quote_book import QuoteBook
from fintank.trading.shard import Shard
from fintank.trading.working_order import WorkingOrder

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 10**15


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The order of each sweep that is planned, and of each want that is computed for a block."""
    names: list[str] = []
    plan, wanted = steps_module.plan, steps_module.wanted

    def counted_plan(working: WorkingOrder, *rest: Any) -> Any:
        names.append(working.order.cl_ord_id)
        return plan(working, *rest)

    def counted_wanted(working: WorkingOrder, *rest: Any) -> Any:
        names.append(working.order.cl_ord_id)
        return wanted(working, *rest)

    monkeypatch.setattr(steps_module, "plan", counted_plan)
    monkeypatch.setattr(steps_module, "wanted", counted_wanted)
    return names


def resting(order: Make, quote: Make, count: int = 1_000, **given: Any) -> Shard:
    """A shard with limit orders, BUY at 50 to 59.9.. and SELL at 150 to 159.9.., and a market of 99 / 101."""
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    for number in range(count):
        side, price = ("BUY", 50) if number % 2 else ("SELL", 150)
        shard.on_order(
            order("1", side=side, price=str(price + Decimal(number) / 100), cl_ord_id=f"o-{number}", **given),
            LOG_US,
        )
    shard.on_quote(quote("99", "101", offset=1), LOG_US)
    return shard


@pytest.mark.parametrize("given", [{}, {"priority": 2}])
def test_a_quote_that_touches_no_order_leads_to_no_step(
    order: Make, quote: Make, steps: list[str], given: dict[str, Any]
) -> None:
    shard = resting(order, quote, **given)
    if given:  # the window of a block ends meanwhile
        shard.on_quote(quote("99", "101", at=2, offset=2), LOG_US + 2 * SECOND)
    steps.clear()
    for offset in range(3, 500):
        assert shard.on_quote(quote("98", "102", at=2, offset=offset), LOG_US + 2 * SECOND) is None
    assert steps == []
    assert run_timers(shard, LOG_US + 2 * SECOND).reports == ()
    assert steps == []


def test_a_quote_looks_only_at_the_orders_that_it_touches(
    order: Make, quote: Make, looked_at: list[str]
) -> None:
    shard = resting(order, quote)
    looked_at.clear()
    effects = shard.on_quote(quote("40", "59.9", offset=2), LOG_US)
    assert effects is not None
    assert [report.cl_ord_id for report in effects.reports] == ["o-999", "o-997", "o-995", "o-993", "o-991"]
    assert looked_at == ["o-999", "o-997", "o-995", "o-993", "o-991"]


def test_the_end_of_an_order_and_the_age_of_a_quote_are_waited_for(
    order: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits(max_quote_age_us=3_600 * SECOND))
    shard.on_quote(quote("99", "101"), LOG_US)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), LOG_US)
    steps.clear()
    assert run_timers(shard, LOG_US + 99 * SECOND).reports == ()
    assert steps == []
    assert [report.exec_type for report in run_timers(shard, LOG_US + 100 * SECOND).reports] == ["EXPIRED"]
    assert steps == ["IVE"]
    shard.on_order(order("1", price="50", cl_ord_id="o-2"), LOG_US + 100 * SECOND)
    steps.clear()
    assert run_timers(shard, LOG_US + 3_600 * SECOND).reports == ()
    assert steps == []
    run_timers(shard, LOG_US + 3_600 * SECOND + 1)
    assert steps == ["IVE"]


def test_the_end_of_an_order_that_is_gone_leads_to_no_step(
    order: Make, cancel: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits(max_quote_age_us=3_600 * SECOND))
    shard.on_quote(quote("99", "101"), LOG_US)
    for ends in (100, 200):
        shard.on_order(order("1", price="50", tif="GTD", ends=ends, cl_ord_id=f"o-{ends}"), LOG_US)
    run_timers(shard, LOG_US)
    shard.on_cancel(cancel("o-100"), LOG_US)
    steps.clear()
    run_timers(shard, LOG_US + 199 * SECOND)
    assert steps == []
    assert [report.exec_type for report in run_timers(shard, LOG_US + 200 * SECOND).reports] == ["EXPIRED"]
    assert (steps, shard.state.log_us) == (["IVE"], LOG_US + 200 * SECOND)


@pytest.mark.parametrize("given", [{}, {"price": "200"}], ids=["market", "limit"])
@pytest.mark.parametrize("amount", [{"qty": "10"}, {"cash": "1010"}], ids=["quantity", "cash"])
def test_a_quote_that_fills_one_of_a_thousand_orders_looks_at_no_other(
    order: Make, quote: Make, looked_at: list[str], given: dict[str, str], amount: dict[str, str]
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", None), LOG_US)
    for number in range(1_000):
        shard.on_order(order(**amount, **given, cl_ord_id=f"o-{number}"), LOG_US)
    looked_at.clear()
    for offset in range(1, 4):
        # What is behind is out of reach of the limit.
        behind = quote("98", "201", exchange="NYSE", offset=offset, ask_size="10" if given else None)
        first = quote("99", "101", offset=2 * offset + 1, ask_size="10")
        for each in (*([behind] if given else []), first._replace(offset=2 * offset, ask=None), first):
            shard.on_quote(each, LOG_US)
    assert looked_at == ["o-0", "o-1", "o-2"]
    assert shard.state.registry.open_count == 997


def test_orders_whose_limit_is_passed_while_others_trade_are_not_looked_at(
    order: Make, quote: Make, looked_at: list[str]
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "120"), LOG_US)
    for number in range(1_000):
        shard.on_order(order("10", price="110", cl_ord_id=f"o-{number}"), LOG_US)
    looked_at.clear()
    effects = shard.on_quote(quote("99", "105", exchange="NYSE", offset=1, ask_size="10"), LOG_US)
    assert effects is not None
    assert [report.cl_ord_id for report in effects.reports] == looked_at == ["o-0"]


def test_cash_orders_are_not_looked_at_where_less_than_a_lot_is_offered(
    order: Make, quote: Make, looked_at: list[str]
) -> None:
    shard = Shard(lots_of(100))
    shard.on_quote(quote("99", "101", ask_size="50"), LOG_US)
    for number in range(1_000):
        shard.on_order(order(cash="20000", cl_ord_id=f"o-{number}"), LOG_US)
    looked_at.clear()
    assert shard.on_quote(quote("99", "101", at=1, offset=1, ask_size="99"), LOG_US) is None
    assert looked_at == []
    assert shard.on_quote(quote("99", "101", at=1, offset=2, ask_size="100"), LOG_US) is not None
    assert looked_at == ["o-0"]


def test_a_block_is_not_divided_where_less_than_a_lot_is_offered(
    order: Make, quote: Make, looked_at: list[str]
) -> None:
    shard = Shard(lots_of(100))
    shard.on_quote(quote("99", "101", ask_size="0"), LOG_US)
    for number in range(1_000):
        shard.on_order(order("100", priority=2, cl_ord_id=f"o-{number}"), LOG_US)
    later = LOG_US + 2 * SECOND
    looked_at.clear()
    assert shard.on_quote(quote("99", "101", at=2, offset=1, ask_size="99"), later) is None
    assert looked_at == []
    assert shard.on_quote(quote("99", "101", at=2, offset=2, ask_size="100000"), later) is not None
    assert shard.state.registry.open_count == 0


def test_orders_that_wait_for_their_check_are_not_looked_at_while_their_side_may_not_trade(
    order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    check_price = steps_module.rules.check_price

    def counted(made: Any, facts: Any) -> Any:
        checked.append(made.cl_ord_id)
        return check_price(made, facts)

    monkeypatch.setattr(steps_module.rules, "check_price", counted)
    shard = Shard(Limits())
    for side in ("BUY", "SELL"):
        shard.on_order(order("10", side=side, cl_ord_id=side, price="100"), LOG_US)
    shard.on_trading_state(TradingState(State.SELL_ONLY, 1, 1, "orders-0-1"), LOG_US)
    for offset in range(3):
        shard.on_quote(quote("99", "101", offset=offset), LOG_US)
    assert checked == ["SELL"]
    shard.on_trading_state(TradingState(State.ACTIVE, 1, 2, "orders-0-2"), LOG_US)
    assert checked == ["SELL", "BUY"]


def test_a_commit_asks_only_the_symbols_that_changed(
    order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard(Limits())
    for number in range(100):
        shard.on_quote(quote(symbol=f"S{number}"), LOG_US)
    shard.changed_quotes()
    asked: list[str] = []
    changes = QuoteBook.changes
    monkeypatch.setattr(QuoteBook, "changes", lambda book: asked.append(book.symbol) or changes(book))
    shard.on_quote(quote(symbol="S7", offset=1), LOG_US)
    assert len(shard.changed_quotes()) == 1  # its time is the same, so the clock stands
    assert (asked, shard.changed_quotes()) == (["S7"], ())


def test_a_replaced_order_in_its_place_is_checked_later_only_if_it_was_not_yet(order: Make) -> None:
    orders = OrderBook("IVE")
    unchecked = WorkingOrder(order("10", price="90"), 7, 0, None, is_checked=False)
    checked = replace(unchecked, is_checked=True)
    orders.add(unchecked)
    orders.replace(unchecked, checked)
    assert orders.unchecked == {Side.BUY: {}, Side.SELL: {}}
    orders.replace(checked, unchecked)
    assert orders.unchecked == {Side.BUY: {7: None}, Side.SELL: {}}
