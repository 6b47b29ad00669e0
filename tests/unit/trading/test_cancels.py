from collections.abc import Callable
from typing import Any

from factories import SECOND, START, mass_cancel
from support.journal import compacted, kinds
from support.report_lines import type_lines
from support.timers import run_timers

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.changes import Change
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import State, TradingState
from fintank.trading.recovery import restore
from fintank.trading.shard import Shard
from fintank.trading.working_order import Closing

Make = Callable[..., Any]
DAY = 86_400 * SECOND
LOG_US = 5 * DAY


def test_the_latest_cancel_counts_and_of_equal_ones_the_first_by_name(order: Make, cancel: Make) -> None:
    cancels = Cancels()
    made = [("c-3", 5), ("c-2", 7), ("c-1", 7), ("c-0", 6)]
    for number, (name, at) in enumerate(made):
        found = cancel("o-1", cl_ord_id=name, at=at, content_hash=f"h-{number}")
        cancels.remember(RememberedCancel.of(found, Closing(0, by_log=False)))
    of_list = cancel(list_id="p", cl_ord_id="c-9", at=8)
    cancels.remember(RememberedCancel.of(of_list, Closing(0, by_log=True)))

    def name(**given: Any) -> str | None:
        waiting = cancels.waiting_for(order("1", **given))
        return None if waiting is None else waiting.cl_ord_id

    assert (name(at=0), name(at=7), name(at=7.000001)) == ("c-1", "c-1", None)
    assert (name(list_id="p"), name(list_id="q"), name(list_id="p", at=8)) == ("c-9", "c-1", "c-9")
    assert (name(cl_ord_id="o-2"), name(account="other"), name(symbol="VTI")) == (None, None, None)


def test_a_rejected_cancel_is_remembered_but_waits_for_no_order(order: Make, cancel: Make) -> None:
    cancels, made = Cancels(), cancel("o-1")
    assert not cancels.is_known(made)
    assert not cancels.is_taken(made)
    cancels.remember(RememberedCancel.of(made, Closing(0, by_log=False), is_refused=True))
    assert cancels.is_known(made)
    assert cancels.is_taken(made)
    assert cancels.waiting_for(order("1")) is None
    assert not cancels.is_taken(cancel("o-1", symbol="VTI"))


def test_a_forgotten_cancel_waits_no_longer_and_the_others_still_do(order: Make, cancel: Make) -> None:
    cancels = Cancels()
    for name, at, closed_us, is_refused in (("c-1", 1, 9, False), ("c-2", 2, 5, False), ("c-3", 3, 5, True)):
        made = cancel("o-1", cl_ord_id=name, at=at, content_hash=name)
        closing = Closing(START + closed_us * SECOND, by_log=False)
        cancels.remember(RememberedCancel.of(made, closing, is_refused))
    found = []
    for before_us in (5, 6, 10):
        forgotten = cancels.forget("IVE", START + before_us * SECOND, None)
        waiting = cancels.waiting_for(order("1"))
        found.append(([each.cl_ord_id for each in forgotten], waiting and waiting.cl_ord_id))
    assert found == [([], "c-2"), (["c-2", "c-3"], "c-1"), (["c-1"], None)]


def test_a_request_for_several_symbols_is_as_old_as_log_time_says(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(at=5), START)
    requests = (
        cancel(list_id="p"),
        mass_cancel(),
        mass_cancel(account="acc", content_hash="2"),
        mass_cancel(symbol="IVE", content_hash="3"),
    )
    remembered = [shard.on_cancel(each, START + SECOND).journal[0] for each in requests]
    assert [(each.closed_us, each.by_log) for each in remembered if isinstance(each, RememberedCancel)] == [
        *[(START + SECOND, True)] * 3,
        (START + 6 * SECOND, False),
    ]


def test_of_a_list_each_content_is_a_cancel_of_its_own(cancel: Make) -> None:
    cancels = Cancels()
    cancels.remember(RememberedCancel.of(cancel(list_id="p"), Closing(0, by_log=True)))
    assert cancels.is_known(cancel(list_id="p"))
    assert not cancels.is_taken(cancel(list_id="p"))
    assert not cancels.is_known(cancel(list_id="p", content_hash="other"))


def test_a_list_is_canceled_by_arrival_and_only_where_the_cancel_is_not_too_old(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    for name, symbol in (("p-IVE", "IVE"), ("p-VTI", "VTI"), ("p-IWS", "IWS")):
        shard.on_order(order(cash="10", cl_ord_id=name, symbol=symbol, list_id="p"), LOG_US)
    shard.on_order(order(cash="10", cl_ord_id="q-IVE", list_id="q", price="1"), LOG_US)
    shard.on_order(order(cash="10", cl_ord_id="p-IVE", account="other", list_id="p"), LOG_US)
    shard.on_quote(quote("95", "94", symbol="VTI", at=86_400.000001), LOG_US)
    effects = shard.on_cancel(cancel(list_id="p"), LOG_US)
    assert type_lines(effects) == [
        "p-IVE CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
        "p-IWS CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
    ]
    assert kinds(effects.journal) == ["cancel", "order", "order"]
    assert shard.on_cancel(cancel(list_id="p"), LOG_US) == Effects()
    assert type_lines(shard.on_cancel(cancel(list_id="p", content_hash="h-2", at=9), LOG_US)) == [
        "p-VTI CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1"
    ]


def test_a_cancel_leaves_the_other_orders_and_their_window(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote("93", "94"), LOG_US)
    for name in ("o-1", "o-2"):
        effects = shard.on_order(order("1", cl_ord_id=name, priority=2), LOG_US)
    assert kinds(effects.journal) == ["order"]
    assert kinds(shard.on_cancel(cancel("o-1"), LOG_US).journal) == ["order", "cancel"]
    gone = shard.on_cancel(cancel("o-2", cl_ord_id="c-2"), LOG_US)
    assert kinds(gone.journal) == ["order", "window gone", "cancel"]


def test_a_restored_shard_knows_cancels_states_windows_and_what_was_taken(
    order: Make, quote: Make, cancel: Make
) -> None:
    shard = Shard(Limits())
    changes: list[Change] = []

    def write(effects: Effects | None) -> None:
        changes.extend(effects.journal if effects else ())

    shard.on_quote(quote("93", "94", ask_size="5"), LOG_US)
    write(shard.on_order(order("3", cl_ord_id="o-1"), LOG_US))
    write(shard.on_order(order("3", cl_ord_id="o-2", priority=2), LOG_US))
    write(shard.on_order(order("3", cl_ord_id="o-3", side="SELL", stop_px="90"), LOG_US))
    write(shard.on_cancel(cancel("late", at=100), LOG_US))
    write(shard.on_trading_state(TradingState(State.SELL_ONLY, 1, 7, "orders-0-7"), LOG_US))
    restored = restore(Limits(), compacted(changes))
    assert type_lines(restored.on_order(order("1", cl_ord_id="o-4"), LOG_US)) == [
        "o-4 REJECTED code=TRADING_HALTED state=SELL_ONLY"
    ]
    assert restored.on_trading_state(TradingState(State.ACTIVE, 1, 7, "orders-0-7"), LOG_US) == Effects()
    active = restored.on_trading_state(TradingState(State.ACTIVE, 1, 8, "orders-0-8"), LOG_US + SECOND)
    assert [(report.cl_ord_id, report.last_qty) for report in active.reports] == [("o-2", 2)]
    assert type_lines(restored.on_order(order("1", cl_ord_id="late", side="SELL"), LOG_US)) == [
        "late NEW",
        "late CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
    ]
    assert type_lines(restored.on_quote(quote("89", "94", at=1, offset=1), LOG_US) or Effects()) == [
        "o-3 TRIGGERED",
        "o-3 TRADE",
    ]


def test_a_crossed_nbbo_is_counted_when_a_message_meets_it_with_open_orders(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote("95", "94"), LOG_US)
    shard.on_trading_state(TradingState(State.ACTIVE, 1, 1, "orders-0-1"), LOG_US)
    assert shard.state.counts.crossed == 0
    shard.on_order(order("1"), LOG_US)
    run_timers(shard, LOG_US + SECOND)
    assert shard.state.counts.crossed == 1
    shard.on_trading_state(TradingState(State.ACTIVE, 1, 2, "orders-0-2"), LOG_US)
    assert shard.state.counts.crossed == 2
    shard.on_quote(quote("94", "94", at=1, offset=1), LOG_US)
    assert shard.state.counts.crossed == 2


def test_known_orders_are_counted_as_duplicates(shard: Shard, order: Make) -> None:
    for content_hash in ("hash-1", "hash-1", "hash-2", "hash-2"):
        shard.on_order(order("1", content_hash=content_hash), LOG_US)
    assert shard.state.counts.duplicates == 3


def test_after_a_restart_new_orders_come_behind_the_old_ones(order: Make, quote: Make) -> None:
    changes: list[Change] = []
    shard = Shard(Limits())
    for name in ("o-1", "o-2"):
        changes += shard.on_order(order("1", cl_ord_id=name), LOG_US).journal
    restored = restore(Limits(), reversed(compacted(changes)))
    restored.on_order(order("1", cl_ord_id="o-3"), LOG_US)
    effects = restored.on_quote(quote("93", "94"), LOG_US)
    assert effects is not None
    assert [report.cl_ord_id for report in effects.reports] == ["o-1", "o-2", "o-3"]
