"""What a shard hands out for its journal, what it forgets, and how it goes on after a restart."""

from collections.abc import Callable
from typing import Any

import pytest
from support.journal import compacted, keys, kinds, value
from support.report_lines import report_lines
from support.timers import forget, run_timers

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import ClosedOrder, RejectedDuplicate, SymbolClock
from fintank.trading.clock import ClockState
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.messages import OrdStatus, State, TradingState
from fintank.trading.recovery import Recovery, restore
from fintank.trading.shard import Shard
from fintank.trading.working_order import Closing

Make = Callable[..., Any]
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
LOG_US = 5 * DAY
LIMITS = Limits(max_quote_age_us=HOUR)


def test_a_quote_that_fills_is_journaled_with_its_clock_and_all_else_that_changed(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote("95", "95.1", exchange="NYSE"), LOG_US)
    shard.on_quote(quote(symbol="VTI"), LOG_US)
    shard.on_quote(quote("93", "94", offset=1), LOG_US)
    effects = shard.on_order(order("1", price="93.5"), LOG_US)
    assert keys(effects.journal) == [
        "order 3:acc,3:IVE,3:o-1",
        "quote 3:IVE,4:NYSE",
        "quote 3:IVE,6:NASDAQ",
        "clock 3:IVE",
        "reference 3:IVE",
    ]
    filled = shard.on_quote(quote("93", "93.5", exchange="NYSE", at=1, offset=2), LOG_US)
    assert filled is not None
    assert keys(filled.journal) == [
        "order 3:acc,3:IVE,3:o-1",
        "quote 3:IVE,4:NYSE",
        "clock 3:IVE",
        "reference 3:IVE",
    ]


def test_other_quotes_are_returned_by_changed_quotes_and_only_once(shard: Shard, quote: Make) -> None:
    assert shard.changed_quotes() == ()
    shard.on_quote(quote(symbol="VTI"), LOG_US)
    shard.on_quote(quote(), LOG_US)
    shard.on_quote(quote("1", "2", offset=1), LOG_US)
    records = shard.changed_quotes()
    assert keys(records) == [
        "quote 3:VTI,6:NASDAQ",
        "clock 3:VTI",
        "reference 3:VTI",
        "quote 3:IVE,6:NASDAQ",
        "clock 3:IVE",
        "reference 3:IVE",
    ]
    assert value(records[3])["bid"] == "1"
    assert shard.changed_quotes() == ()
    shard.on_quote(quote("9", "9", offset=1), LOG_US)
    assert shard.changed_quotes() == ()
    assert shard.state.counts.not_newer == 1


def test_terminal_orders_are_forgotten_after_their_retention(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1"), LOG_US + HOUR)
    shard.on_order(order("1", content_hash="hash-2"), LOG_US + 2 * HOUR)
    assert [key for key in keys(forget(shard, LOG_US + HOUR + DAY)) if key.endswith("gone")] == []
    found = keys(forget(shard, LOG_US + HOUR + DAY + 1))
    assert found == ["order 3:acc,3:IVE,3:o-1 gone", "clock 3:IVE"]  # with the time up to which it forgot
    found = keys(forget(shard, LOG_US + 2 * HOUR + DAY + 1))
    assert found[0] == "refusal 3:acc,3:IVE,3:o-1,6:hash-2 gone"
    assert forget(shard, LOG_US + 9 * DAY) == []


def test_open_orders_are_never_forgotten(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("93", "95"), LOG_US)
    shard.on_order(order("1", price="94"), LOG_US)
    assert [key for key in keys(forget(shard, LOG_US + 9 * DAY)) if key.endswith("gone")] == []
    effects = shard.on_quote(quote("93", "94", at=9 * 86_400, offset=1), LOG_US + 9 * DAY)
    assert report_lines(effects) == ["o-1 TRADE FILLED 1 @ 94 NASDAQ"]


def test_a_restored_shard_fills_a_quiet_symbols_order_on_the_quote_from_before(
    order: Make, quote: Make
) -> None:
    shard = Shard(LIMITS)
    shard.on_quote(quote("93", "94", offset=5), LOG_US)
    restored = restore(LIMITS, shard.changed_quotes())
    assert report_lines(restored.on_order(order("1"), LOG_US + HOUR))[1] == "o-1 TRADE FILLED 1 @ 94 NASDAQ"
    assert restored.on_quote(quote("93", "99", offset=5), LOG_US + HOUR) is None
    assert restored.state.counts.not_newer == 1


def test_a_restored_shard_counts_the_time_it_was_down(order: Make, quote: Make) -> None:
    shard = Shard(LIMITS)
    shard.on_quote(quote("93", "94"), LOG_US)
    restored = restore(LIMITS, shard.changed_quotes())
    assert report_lines(restored.on_order(order("1"), LOG_US + HOUR + 1)) == ["o-1 NEW NEW"]


def test_a_restored_shard_has_nothing_new_to_journal(order: Make, quote: Make) -> None:
    shard = Shard(LIMITS)
    shard.on_quote(quote(), LOG_US)
    restored = restore(LIMITS, shard.changed_quotes())
    assert restored.changed_quotes() == ()


@pytest.mark.parametrize("ran", [1, 2])
def test_a_shard_restored_between_two_timers_of_one_moment_runs_only_those_that_had_not_run(
    order: Make, quote: Make, steps: list[str], ran: int
) -> None:
    limits = Limits(max_quote_age_us=1_500_000)
    shard, changes = Shard(limits), []
    end_us = LOG_US + 2 * SECOND
    # Quotes that are too old just before the windows end, and when they end.
    for exchange, old_us in (("ARCA", end_us - 1), ("BATS", end_us)):
        at_us = old_us - limits.max_quote_age_us - 1
        given = {"exchange": exchange, "at": (at_us - LOG_US) / SECOND}
        for symbol in ("IVE", "VTI"):
            shard.on_quote(quote("98", "102", symbol=symbol, **given), at_us)
    for symbol in ("IVE", "VTI"):
        shard.on_quote(quote("99", "101", symbol=symbol, at=1, ask_size="1"), LOG_US + SECOND)
        changes += shard.on_order(order("2", priority=2, symbol=symbol), LOG_US + SECOND).journal
    run_timers(shard, end_us - 1)
    for _ in range(ran):
        ended = shard.next_timer(end_us)
        assert ended is not None
        changes += ended.journal
    changes += shard.changed_quotes()
    restored = restore(limits, [*compacted(changes), Positions(reached=shard.state.reached)])
    steps.clear()
    assert restored.next_timer(end_us - 1) is None
    found = [report_lines(run_timers(each, end_us)) for each in (shard, restored)]
    assert found == [["o-1 TRADE PARTIALLY_FILLED 1.000000 @ 101 NASDAQ"] * (2 - ran)] * 2
    assert steps == ["VTI"] * 2 * (2 - ran)


def test_what_was_closed_is_as_old_as_log_time_says_once_its_symbol_has_no_clock(
    order: Make, cancel: Make
) -> None:
    clock, closing = SymbolClock("IVE", ClockState(LOG_US, LOG_US), 0), Closing(2 * LOG_US, by_log=False)
    first, second = (order("1", symbol=symbol).identity for symbol in ("IVE", "VTI"))
    orders = [ClosedOrder(1, 1, each, "hash-1", OrdStatus.FILLED, by_log=False) for each in (first, second)]
    by_log = RejectedDuplicate(2, 1, first, "hash-2", by_log=True)
    cancels = [RememberedCancel.of(cancel("o-1", symbol=each.symbol), closing) for each in (first, second)]
    state = restore(LIMITS, [clock, *orders, by_log, *cancels]).state
    assert state.registry.forget("VTI", 3, None) == state.cancels.forget("VTI", DAY * DAY, None) == []
    assert state.registry.forget("IVE", 3, None) == orders[:1]
    assert state.registry.forget(None, 3, None) == [orders[1], by_log]
    assert state.cancels.forget("IVE", DAY * DAY, None) == cancels[:1]
    assert state.cancels.forget(None, DAY * DAY, None) == [cancels[1]._replace(by_log=True)]


def test_each_scope_has_a_trading_state_of_its_own_and_the_last_one_counts() -> None:
    scopes = [{}, {"symbol": "IVE"}, {"symbol": "VTI"}, {"account": "A"}, {"account": "B"}]
    states = [
        TradingState(State.HALTED, LOG_US, offset, f"orders-0-{offset}", **scope)
        for offset, scope in enumerate(scopes * 2)
    ]
    recovery = Recovery()
    for state in states:
        recovery.take(state)
    assert list(recovery.entries()) == states[5:]


def test_a_recovery_counts_all_that_is_remembered_and_returns_it_without_the_positions(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    recovery = Recovery()
    for given in ({}, {"cl_ord_id": "o-2"}, {"content_hash": "hash-2"}):
        for change in shard.on_order(order("1", **given), LOG_US).journal:
            recovery.take(change)
    positions = Positions(now_ms=5)
    recovery.take(positions)
    recovery.shard(LIMITS)
    assert recovery.positions == positions
    remembered = list(recovery.entries())
    assert kinds(remembered) == ["quote", "clock", "reference", "order", "order", "refusal"]
    assert len(recovery) == len(remembered) + 1


def test_a_ledger_by_exec_id_keeps_the_trades_of_both_orders_that_had_one_identity(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    effects = [shard.on_order(order("1"), LOG_US)]
    later = 2 * DAY
    shard.on_quote(quote("200", "201", at=later / SECOND, offset=1), LOG_US + later)
    again = order("1", content_hash="hash-2", at=later / SECOND, price="300")
    effects.append(shard.on_order(again, LOG_US + later))
    assert [len(found.fills) for found in effects] == [1, 1]
    reports = [report.exec_id for found in effects for report in found.reports]
    assert len(set(reports)) == len(reports) == 4
    ledger = {fill.exec_id: fill.delta_cash for found in effects for fill in found.fills}
    assert len(ledger) == 2
