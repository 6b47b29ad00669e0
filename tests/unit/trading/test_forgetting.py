"""What is too old is forgotten by age, in portions, and a message as old may not be new."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import pytest
from support.journal import compacted, keys, kinds
from support.report_lines import type_lines
from support.timers import forget

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.changes import Change
from fintank.trading.clock import ClockState
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions, Reached
from fintank.trading.recovery import restore
from fintank.trading.shard import Shard
from fintank.trading.working_order import Closing

Make = Callable[..., Any]
SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
LOG_US = 1_438_539_936_000_000 + 5 * DAY


def gone(changes: Iterable[Change]) -> list[str]:
    return [kind.removesuffix(" gone") for kind in kinds(changes) if kind.endswith(" gone")]


def test_cancels_are_forgotten_by_age_in_portions(order: Make, cancel: Make) -> None:
    cancels = Cancels()
    made = [cancel(f"o-{at}", cl_ord_id=f"c-{at}", at=-at, content_hash=f"h-{at}") for at in (3, 1, 2)]
    latest_us = made[1].order_time_us
    for each, at in zip(made, (3, 1, 2), strict=True):
        cancels.remember(RememberedCancel.of(each, Closing(latest_us + at, by_log=False)))
    assert (cancels.oldest_us("IVE"), cancels.oldest_us("VTI")) == (latest_us + 1, inf)
    assert cancels.oldest_us(None) == inf
    assert cancels.forget("IVE", latest_us + 1, 9) == cancels.forget("IVE", latest_us, 9) == []
    assert [found.cl_ord_id for found in cancels.forget("IVE", latest_us + 2, 9)] == ["c-1"]
    assert [found.cl_ord_id for found in cancels.forget("IVE", latest_us + 4, 1)] == ["c-2"]
    assert [cancels.is_known(each) for each in made] == [True, False, False]
    assert [found.cl_ord_id for found in cancels.forget("IVE", latest_us + 4, None)] == ["c-3"]
    assert (cancels.oldest_us("IVE"), cancels.forget("IVE", latest_us + 9, 9)) == (inf, [])
    assert cancels.waiting_for(order("1", cl_ord_id="o-3")) is None


def test_a_cancel_is_forgotten_after_the_retention_and_then_stale(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    assert type_lines(shard.on_cancel(cancel("o-1"), LOG_US + SECOND)) == [
        "c-1 CANCEL_REJECTED code=UNKNOWN_ORDER orig_cl_ord_id=o-1"
    ]
    shard.on_order(order("1", price="50", cl_ord_id="open"), LOG_US)
    assert gone(forget(shard, LOG_US + SECOND + DAY)) == []
    again = shard.on_cancel(cancel("o-1"), LOG_US + SECOND + DAY + 1)
    assert type_lines(again) == [
        "c-1 CANCEL_REJECTED code=STALE_ORDER age_us=86401000001 retention_us=86400000000"
    ]
    assert gone(shard.forgotten()) == ["cancel"]
    assert shard.on_cancel(cancel("o-1"), LOG_US + 2 * DAY) == Effects()


def test_what_is_ahead_of_the_clock_is_kept_from_its_own_time_on(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    shard.on_cancel(cancel("o-1", at=10), LOG_US)
    shard.on_order(order("1", at=10), LOG_US)
    assert gone(forget(shard, LOG_US + 10 * SECOND + DAY)) == []
    assert gone(forget(shard, LOG_US + 10 * SECOND + DAY + 1))[:2] == ["order", "cancel"]


def test_whether_something_is_too_old_is_judged_when_it_is_asked_for(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1"), LOG_US)
    shard.on_quote(quote(at=2 * 86_400, offset=1), LOG_US)  # no sweep comes between
    assert type_lines(shard.on_order(order("1"), LOG_US)) == [
        "o-1 REJECTED code=STALE_ORDER age_us=172800000000 retention_us=86400000000"
    ]
    assert gone(shard.forgotten()) == ["order"]


@pytest.mark.parametrize("swept", [False, True])
def test_a_clock_that_is_set_back_brings_nothing_back(
    order: Make, quote: Make, cancel: Make, swept: bool
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1"), LOG_US)
    later_us = LOG_US + 2 * DAY  # a broker's clock that jumped, or a pause of recorded quotes
    if swept:
        assert gone(forget(shard, later_us)) == ["order", "quote", "clock", "reference"]
    shard.on_quote(quote(at=60, offset=1), later_us)
    assert type_lines(shard.on_order(order("1"), later_us)) == [
        f"o-1 REJECTED code=STALE_ORDER age_us={later_us - order('1').order_time_us} retention_us=86400000000"
    ]
    assert type_lines(shard.on_order(order("1", cl_ord_id="o-2", at=60), later_us))[0] == "o-2 NEW"
    refused = type_lines(shard.on_cancel(cancel("o-1"), later_us))
    assert refused[0].startswith("c-1 CANCEL_REJECTED code=STALE_ORDER")


def test_without_a_clock_orders_cancels_and_lists_are_forgotten_by_log_time(
    shard: Shard, order: Make, cancel: Make
) -> None:
    shard.on_order(order("1", tif="IOC", at=LOG_US / SECOND), LOG_US)
    assert type_lines(shard.on_order(order("2", content_hash="hash-2"), LOG_US)) == [
        "o-1 REJECTED code=DUPLICATE_ORDER cl_ord_id=o-1"
    ]
    shard.on_cancel(cancel("nobody"), LOG_US)
    shard.on_cancel(cancel(list_id="p", content_hash="hash-3"), LOG_US)
    made = order("1", tif="IOC")
    closed_us = max(LOG_US, made.order_time_us)
    assert forget(shard, closed_us + DAY) == []
    assert sorted(gone(forget(shard, 2 * closed_us + 2 * DAY))) == ["cancel", "cancel", "order", "refusal"]
    assert shard.state.registry.find(made.identity) is None


def test_a_forgotten_order_without_a_clock_is_too_old_to_be_accepted_again_even_after_a_restart(
    shard: Shard, order: Make
) -> None:
    made = order("1", tif="IOC")
    log_us = made.order_time_us + SECOND
    changes = [*shard.on_order(made, log_us).journal]
    later_us = log_us + DAY + 1
    changes += forget(shard, later_us)
    restored = restore(Limits(), [*compacted(changes), Positions(reached=shard.state.reached)])
    for found in (shard, restored):
        assert type_lines(found.on_order(made, later_us)) == [
            "o-1 REJECTED code=STALE_ORDER age_us=86401000001 retention_us=86400000000"
        ]
        assert type_lines(found.on_order(order("1", at=9, cl_ord_id="new"), later_us)) == ["new NEW"]


def test_what_was_closed_before_the_first_tick_keeps_to_log_time(
    shard: Shard, order: Make, quote: Make
) -> None:
    made = order("1", tif="IOC")
    log_us = made.order_time_us + 999 * DAY  # as with recorded quotes
    shard.on_order(made, log_us)
    shard.on_quote(quote(), log_us)
    assert gone(forget(shard, log_us + DAY)) == ["quote", "clock", "reference"]
    assert gone(forget(shard, log_us + DAY + 1)) == ["order"]


def test_a_symbol_goes_when_no_quote_is_usable_and_nothing_else_is_left(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    silence_us = shard.state.limits.max_quote_age_us
    for symbol in ("GARBAGE", "OPEN", "CLOSED"):
        shard.on_quote(quote("99", "101", symbol=symbol), LOG_US)
    shard.on_order(order("1", price="50", symbol="OPEN"), LOG_US)
    shard.on_order(order("1", symbol="CLOSED"), LOG_US)
    shard.changed_quotes()
    assert forget(shard, LOG_US + silence_us) == []
    assert keys(forget(shard, LOG_US + silence_us + 1)) == [
        "quote 7:GARBAGE,6:NASDAQ gone",
        "clock 7:GARBAGE gone",
        "reference 7:GARBAGE gone",
    ]
    log_us = LOG_US + DAY + silence_us + 1
    assert sorted(keys(forget(shard, log_us))) == [
        "clock 6:CLOSED gone",
        "order 3:acc,6:CLOSED,3:o-1 gone",
        "quote 6:CLOSED,6:NASDAQ gone",
        "reference 6:CLOSED gone",
    ]
    assert list(shard.state.books) == ["OPEN"]
    shard.on_cancel(cancel("o-1", symbol="OPEN", at=DAY / SECOND), log_us)
    assert set(gone(forget(shard, log_us + 9 * DAY))) == {"order", "cancel", "quote", "clock", "reference"}
    assert shard.state.books == {}


def test_a_silent_symbol_that_ticks_again_is_a_new_one(shard: Shard, order: Make, quote: Make) -> None:
    shard.on_quote(quote("99", "101", at=60), LOG_US)
    later_us = LOG_US + shard.state.limits.max_quote_age_us + 1
    shard.on_quote(quote("98", "100", at=0, exchange="NYSE", offset=1), later_us)
    assert keys(shard.forgotten()) == [
        "quote 3:IVE,6:NASDAQ gone",
        "clock 3:IVE gone",
        "reference 3:IVE gone",
    ]
    assert keys(shard.changed_quotes())[:2] == ["quote 3:IVE,4:NYSE", "clock 3:IVE"]


def test_an_order_of_a_symbol_that_went_is_as_old_as_what_went_with_it(
    shard: Shard, order: Make, quote: Make
) -> None:
    made = order("1")
    log_us = made.order_time_us
    shard.on_quote(quote(), log_us)
    shard.on_order(made, log_us)
    monday_us = log_us + 3 * DAY  # the market was closed, and no sweep came by
    assert type_lines(shard.on_order(made, monday_us)) == [
        "o-1 REJECTED code=STALE_ORDER age_us=259200000000 retention_us=86400000000"
    ]


def test_what_went_of_other_symbols_counts_for_those_without_a_clock(
    shard: Shard, order: Make, quote: Make
) -> None:
    made = order("1")
    log_us = made.order_time_us
    shard.on_quote(quote(), log_us)
    shard.on_order(made, log_us)
    other = order("1", symbol="VTI")
    assert type_lines(shard.on_order(other, log_us + 3 * DAY))[0].startswith("o-1 REJECTED code=STALE_ORDER")


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("ticks_again", [False, True])
def test_what_went_of_other_symbols_counts_for_one_that_went_whenever_a_sweep_comes_by(
    shard: Shard, order: Make, quote: Make, ticks_again: bool, swept: bool
) -> None:
    log_us = order("1").order_time_us
    shard.on_quote(quote(), log_us)
    shard.on_quote(quote(symbol="VTI", at=10), log_us)  # its exchange's clock is ahead
    shard.on_order(order("1", symbol="VTI", at=9), log_us)
    later_us = log_us + DAY + 5 * SECOND
    if swept:
        forget(shard, later_us)
    if ticks_again:
        shard.on_quote(quote(at=DAY // SECOND, offset=1), later_us)
    report = type_lines(shard.on_order(order("1", at=8), later_us))[0]
    assert report.startswith("o-1 REJECTED code=STALE_ORDER")


def test_a_new_symbol_begins_with_what_was_forgotten_unless_its_ticks_are_older_than_the_retention() -> None:
    state = Shard(Limits()).state
    state.restore(Reached(LOG_US, None, LOG_US))
    found = [
        state.add_book(symbol, ClockState(LOG_US - DAY + later_us, LOG_US)).forgotten_us
        for symbol, later_us in (("A", -1), ("B", 0), ("C", 1))
    ]
    assert found == [0, 0, LOG_US]
