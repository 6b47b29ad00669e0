"""Time alone leads to steps, each at its own log time, of those symbols only whose time has come."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from support.timers import run_timers

from fintank.trading.changes import SymbolClock
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions, Reached
from fintank.trading.messages import State, TradingState
from fintank.trading.recovery import restore
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 10**15


def test_no_symbol_is_looked_at_before_its_time_has_come(order: Make, quote: Make, steps: list[str]) -> None:
    shard = Shard(Limits())
    for number in range(100):
        shard.on_quote(quote("99", "101", symbol=f"S{number}"), LOG_US)
        tif = {"tif": "GTD", "ends": 100 + number}
        shard.on_order(order("1", price="50", symbol=f"S{number}", **tif), LOG_US)
    steps.clear()
    reports = [run_timers(shard, LOG_US + second * SECOND).reports for second in (2, 99, 100, 102)]
    assert [[report.symbol for report in found] for found in reports] == [[], [], ["S0"], ["S1", "S2"]]
    assert steps == ["S0", "S1", "S2"]


def test_each_timer_runs_at_its_own_time_and_those_of_one_time_by_symbol(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    for symbol, ends in (("B", 7), ("A", 7), ("C", 5)):
        shard.on_quote(quote("99", "101", symbol=symbol), LOG_US)
        shard.on_order(order("1", price="50", symbol=symbol, tif="GTD", ends=ends), LOG_US)
    reports = run_timers(shard, LOG_US + 99 * SECOND).reports
    assert [(report.symbol, report.log_time_us) for report in reports] == [
        ("C", LOG_US + 5 * SECOND),
        ("A", LOG_US + 7 * SECOND),
        ("B", LOG_US + 7 * SECOND),
    ]


def test_a_shard_knows_how_far_it_has_come(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    for symbol in "AB":
        shard.on_quote(quote("99", "101", symbol=symbol), LOG_US)
        shard.on_order(order("1", price="50", symbol=symbol, tif="GTD", ends=7), LOG_US)
    assert shard.state.reached == Reached(LOG_US, None)
    shard.next_timer(LOG_US + 9 * SECOND)
    assert shard.state.reached == Reached(LOG_US + 7 * SECOND, "A")
    shard.on_quote(quote("99", "101", at=9, offset=1), LOG_US + 9 * SECOND)
    assert shard.state.reached == Reached(LOG_US + 9 * SECOND, None)


def test_a_restored_shard_runs_the_timers_that_have_not_run_and_no_other(
    order: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits())
    written: list[Any] = []
    for symbol in "AB":
        shard.on_quote(quote("99", "101", symbol=symbol), LOG_US)
        for cl_ord_id, ends in (("o-1", 7), ("o-2", 8)):
            made = order("1", price="50", symbol=symbol, tif="GTD", ends=ends, cl_ord_id=cl_ord_id)
            written += shard.on_order(made, LOG_US).journal
    effects = shard.next_timer(LOG_US + 9 * SECOND)
    assert effects is not None
    latest = {
        entry.order.identity if hasattr(entry, "order") else entry: entry
        for entry in (*written, *effects.journal)
    }
    entries = [entry for entry in latest.values() if not hasattr(entry, "order") or entry.is_open]
    restored = restore(Limits(), [*entries, Positions(reached=shard.state.reached)])
    steps.clear()
    reports = run_timers(restored, LOG_US + 9 * SECOND).reports
    assert [(report.symbol, report.cl_ord_id) for report in reports] == [
        ("B", "o-1"),
        ("A", "o-2"),
        ("B", "o-2"),
    ]
    assert steps == ["B", "A", "B"]


def test_a_symbol_without_a_market_or_halted_is_looked_at_only_when_something_ends(
    order: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "98", symbol="CROSSED"), LOG_US)
    shard.on_quote(quote("99", "101"), LOG_US)
    for symbol in ("CROSSED", "IVE"):
        shard.on_order(order("1", price="50", symbol=symbol, priority=2), LOG_US)
        shard.on_order(order("1", price="50", symbol=symbol, tif="GTD", ends=9, cl_ord_id="ends"), LOG_US)
    shard.on_trading_state(TradingState(State.HALTED, 1, 1, "orders-0-1"), LOG_US)
    steps.clear()
    run_timers(shard, LOG_US + 2 * SECOND)
    assert steps == ["CROSSED", "IVE"]  # the windows end
    run_timers(shard, LOG_US + 8 * SECOND)
    assert steps == ["CROSSED", "IVE"]
    assert len(run_timers(shard, LOG_US + 9 * SECOND).reports) == 2
    assert shard.on_quote(quote("99", "101", at=9, offset=1), LOG_US + 9 * SECOND) is None
    assert steps == ["CROSSED", "IVE", "CROSSED", "IVE", "IVE"]  # any quote may lead to something


def test_the_quote_that_uncrosses_the_market_need_not_reach_an_order_itself(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("98", "100", exchange="NYSE"), LOG_US)
    shard.on_quote(quote("102", "103", offset=1), LOG_US)
    shard.on_order(order("1", price="100"), LOG_US)
    filled = shard.on_quote(quote("97", "103", at=1, offset=2), LOG_US + SECOND)
    assert filled is not None
    assert [report.last_px for report in filled.reports] == [Decimal(100)]


def test_the_clock_that_a_tick_moves_ahead_is_looked_at_in_time(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), LOG_US)
    run_timers(shard, LOG_US)
    shard.on_quote(quote("99", "101", at=99, offset=1), LOG_US)
    assert [len(run_timers(shard, LOG_US + us).reports) for us in (SECOND - 1, SECOND)] == [0, 1]


def test_the_clock_that_a_tick_moves_back_is_looked_at_in_time(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), LOG_US)
    run_timers(shard, LOG_US)
    shard.on_quote(quote("99", "101", at=10, offset=1), LOG_US + 50 * SECOND)
    assert [len(run_timers(shard, LOG_US + s * SECOND).reports) for s in (100, 139, 140)] == [0, 0, 1]


def test_a_clock_that_a_tick_sets_back_leads_to_a_step(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101", exchange="NYSE"), LOG_US)
    shard.on_order(order("1", price="50"), LOG_US)
    shard.on_order(order("1", price="101", cl_ord_id="o-2", side="SELL"), LOG_US)
    run_timers(shard, LOG_US + 3_601 * SECOND)
    shard.on_order(order("1", cl_ord_id="o-3"), LOG_US + 3_601 * SECOND)
    filled = shard.on_quote(quote("1", "200", at=1, offset=1), LOG_US + 3_601 * SECOND)
    assert filled is not None
    assert [(report.cl_ord_id, report.last_px) for report in filled.reports] == [("o-3", Decimal(101))]


def test_a_restored_clock_is_the_one_that_was_written(quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote(), LOG_US)
    shard.on_quote(quote(at=0, offset=1), LOG_US + 9)
    clock = next(change for change in shard.changed_quotes() if isinstance(change, SymbolClock))
    assert clock.state.arrival_us == LOG_US + 9
