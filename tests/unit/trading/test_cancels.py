from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from support.journal import compacted, keys, kinds

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.changes import Change
from fintank.trading.clock import Clock
from fintank.trading.forgetting import FORGOTTEN_MAX
from fintank.trading.limits import Limits
from fintank.trading.messages import State, TradingState
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.recovery import restore
from fintank.trading.shard import Effects, Shard

Make = Callable[..., Any]
SECOND = 1_000_000
DAY = 86_400 * SECOND
WALL = 5 * DAY


def told(outcome: Effects) -> list[str]:
    return [
        f"{report.cl_ord_id} {report.exec_type} {report.text or ''}".strip() for report in outcome.reports
    ]


@pytest.fixture
def shard() -> Shard:
    return Shard(Limits())


def test_the_latest_cancel_counts_and_of_equal_ones_the_first_by_name(order: Make, cancel: Make) -> None:
    cancels = Cancels()
    made = [("c-3", 5), ("c-2", 7), ("c-1", 7), ("c-0", 6)]
    for number, (name, at) in enumerate(made):
        found = cancel("o-1", cl_ord_id=name, at=at, content_hash=f"h-{number}")
        cancels.remember(RememberedCancel.of(found, closed_us=0))
    of_list = cancel(list_id="p", cl_ord_id="c-9", at=8)
    cancels.remember(RememberedCancel.of(of_list, closed_us=0))

    def name(**given: Any) -> str | None:
        waiting = cancels.waiting_for(order("1", **given))
        return None if waiting is None else waiting.cl_ord_id

    assert (name(at=0), name(at=7), name(at=7.000001)) == ("c-1", "c-1", None)
    assert (name(list_id="p"), name(list_id="q"), name(list_id="p", at=8)) == ("c-9", "c-1", "c-9")
    assert (name(cl_ord_id="o-2"), name(account="other"), name(symbol="VTI")) == (None, None, None)


def test_a_refused_cancel_waits_for_nothing_and_is_known(order: Make, cancel: Make) -> None:
    cancels, made = Cancels(), cancel("o-1")
    assert not cancels.is_known(made)
    assert not cancels.is_taken(made)
    cancels.remember(RememberedCancel.of(made, closed_us=0, is_refused=True))
    assert cancels.is_known(made)
    assert cancels.is_taken(made)
    assert cancels.waiting_for(order("1")) is None
    assert not cancels.is_taken(cancel("o-1", symbol="VTI"))


def test_of_a_list_each_content_is_a_cancel_of_its_own(cancel: Make) -> None:
    cancels = Cancels()
    cancels.remember(RememberedCancel.of(cancel(list_id="p"), closed_us=0))
    assert cancels.is_known(cancel(list_id="p"))
    assert not cancels.is_taken(cancel(list_id="p"))
    assert not cancels.is_known(cancel(list_id="p", content_hash="other"))


def test_cancels_are_forgotten_by_age_in_portions(order: Make, cancel: Make) -> None:
    cancels = Cancels()
    made = [cancel(f"o-{at}", cl_ord_id=f"c-{at}", at=at, content_hash=f"h-{at}") for at in (3, 1, 2)]
    for each, at in zip(made, (3, 1, 2), strict=True):
        cancels.remember(RememberedCancel.of(each, closed_us=at))
    assert (cancels.oldest_us("IVE"), cancels.oldest_us("VTI"), cancels.oldest_us(None)) == (1, inf, inf)
    assert cancels.forget("IVE", 1, 9) == cancels.forget("IVE", 0, 9) == []
    assert [found.cl_ord_id for found in cancels.forget("IVE", 2, 9)] == ["c-1"]
    assert [found.cl_ord_id for found in cancels.forget("IVE", 4, 1)] == ["c-2"]
    assert [cancels.is_known(each) for each in made] == [True, False, False]
    assert [found.cl_ord_id for found in cancels.forget("IVE", 4, 2)] == ["c-3"]
    assert (cancels.oldest_us("IVE"), cancels.forget("IVE", 9, 9)) == (inf, [])
    assert cancels.waiting_for(order("1", cl_ord_id="o-3")) is None


def test_a_portion_of_hundreds_of_cancels_is_no_larger_than_asked_for(cancel: Make) -> None:
    cancels = Cancels()
    for number in range(301):
        made = cancel(f"o-{number}", cl_ord_id=f"c-{number}", content_hash=f"h-{number}")
        cancels.remember(RememberedCancel.of(made, closed_us=0))
    assert [len(cancels.forget("IVE", 1, 300)) for _ in range(3)] == [300, 1, 0]


def test_a_cancel_is_forgotten_after_the_retention_and_is_stale_then(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), WALL)
    assert told(shard.on_cancel(cancel("o-1"), WALL + SECOND)) == [
        "c-1 CANCEL_REJECTED code=UNKNOWN_ORDER orig_cl_ord_id=o-1"
    ]
    assert shard.forget_closed(WALL + SECOND + DAY) == ()
    assert kinds(shard.forget_closed(WALL + SECOND + DAY + 1)) == ["cancel gone", "clock"]
    again = shard.on_cancel(cancel("o-1"), WALL + SECOND + DAY + 1)
    assert told(again) == ["c-1 CANCEL_REJECTED code=STALE_ORDER age_us=86401000001 retention_us=86400000000"]
    assert shard.on_cancel(cancel("o-1"), WALL + 3 * DAY) == Effects()


def test_a_cancel_ahead_of_the_clock_is_kept_from_its_own_time_on(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), WALL)
    shard.on_cancel(cancel("o-1", at=10), WALL)
    assert shard.forget_closed(WALL + 10 * SECOND + DAY) == ()
    assert kinds(shard.forget_closed(WALL + 10 * SECOND + DAY + 1)) == ["cancel gone", "clock"]


def test_a_cancel_of_a_list_is_forgotten_when_it_is_too_old_by_every_clock(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_cancel(cancel(list_id="p", at=5), WALL)
    assert shard.forget_closed(WALL) == ()
    shard.on_quote(quote(at=9 * 86_400), WALL)
    shard.on_quote(quote(symbol="VTI"), WALL)
    assert shard.forget_closed(WALL + 5 * SECOND + DAY) == ()
    records = shard.forget_closed(WALL + 5 * SECOND + DAY + 1)
    assert kinds(records)[0] == "cancel gone"
    assert sorted(kinds(records)[1:]) == ["clock", "clock", "quote", "quote"]
    assert shard.forget_closed(WALL + 9 * DAY) == ()


def test_a_symbol_is_not_looked_at_before_something_of_it_is_too_old(
    shard: Shard, order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    forget = OrderRegistry.forget

    def counted(known: OrderRegistry, symbol: str, *rest: int) -> list[Any]:
        looked_at.append(symbol)
        return forget(known, symbol, *rest)

    monkeypatch.setattr(OrderRegistry, "forget", counted)
    for symbol in ("IVE", "VTI"):
        shard.on_quote(quote(symbol=symbol), WALL)
    shard.on_order(order("1"), WALL)
    for wall_us in (WALL, WALL + 1, WALL + SECOND, WALL + DAY - 1, WALL + DAY):
        assert shard.forget_closed(wall_us) == ()
    assert looked_at == []
    assert kinds(shard.forget_closed(WALL + DAY + 1))[0] == "order gone"
    assert looked_at == ["IVE"]


def test_with_a_list_go_the_clocks_that_might_be_behind_it_after_a_restart(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(symbol="BEHIND"), WALL)
    shard.on_quote(quote(symbol="JUST", at=5 + 86_400), WALL)
    shard.on_quote(quote(symbol="AHEAD", at=5 + 86_400.000001), WALL)
    for at in (3, 5):
        shard.on_cancel(cancel(list_id="p", at=at, content_hash=f"h-{at}"), WALL)
    shard.changed_quotes()
    records = shard.forget_closed(WALL + 5 * SECOND + DAY + 1)
    assert kinds(records) == [*["cancel gone"] * 2, "clock", "clock"]
    assert keys(records[2:]) == ["clock 6:BEHIND", "clock 4:JUST"]


def test_the_slowest_clock_is_asked_before_all_are(
    shard: Shard, quote: Make, cancel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        shard.on_quote(quote(symbol=f"S{number}", at=number), WALL)
    asked: list[int] = []
    now = Clock.now
    monkeypatch.setattr(Clock, "now", lambda clock, wall_us: asked.append(wall_us) or now(clock, wall_us))
    assert (shard.forget_closed(WALL), asked) == ((), [])
    shard.on_cancel(cancel(list_id="p"), WALL)
    assert shard.forget_closed(WALL) == ()
    asked.clear()
    for second in range(1, 50):
        assert shard.forget_closed(WALL + second * SECOND) == ()
    assert len(asked) == 49
    shard.on_quote(quote(symbol="S0", at=DAY // SECOND + 1, offset=1), WALL + 50 * SECOND)
    assert shard.forget_closed(WALL + 50 * SECOND) == ()
    assert len(asked) > 49 + 100
    asked.clear()
    # Now it is S1, whose clock was a second ahead of that of S0.
    assert shard.forget_closed(WALL + DAY - SECOND) == ()
    assert len(asked) == 1
    assert kinds(shard.forget_closed(WALL + DAY - SECOND + 1))[0] == "cancel gone"


def test_orders_cancels_and_lists_share_the_portions_of_tombstones(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), WALL)
    for number in range(FORGOTTEN_MAX - 1):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), WALL)
    for number in range(3):
        shard.on_cancel(cancel("x", cl_ord_id=f"c-{number}"), WALL)
        shard.on_cancel(cancel(list_id="p", cl_ord_id=f"c-{number}"), WALL)
    portions = [kinds(shard.forget_closed(WALL + 2 * DAY)) for _ in range(3)]
    assert portions[0].count("order gone") == FORGOTTEN_MAX - 1
    assert [portion.count("cancel gone") for portion in portions] == [1, 5, 0]


def test_lists_get_what_the_symbols_left_of_a_portion(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), WALL)
    for number in range(990):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), WALL)
    for number in range(20):
        shard.on_cancel(cancel(list_id="p", cl_ord_id=f"c-{number}"), WALL)
    portions = [kinds(shard.forget_closed(WALL + 2 * DAY)) for _ in range(3)]
    assert [portion.count("cancel gone") for portion in portions] == [10, 10, 0]


def test_a_list_is_canceled_by_arrival_and_only_where_the_cancel_is_not_too_old(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    for name, symbol in (("p-IVE", "IVE"), ("p-VTI", "VTI"), ("p-IWS", "IWS")):
        shard.on_order(order(cash="10", cl_ord_id=name, symbol=symbol, list_id="p"), WALL)
    shard.on_order(order(cash="10", cl_ord_id="q-IVE", list_id="q", price="1"), WALL)
    shard.on_order(order(cash="10", cl_ord_id="p-IVE", account="other", list_id="p"), WALL)
    shard.on_quote(quote("95", "94", symbol="VTI", at=86_400.000001), WALL)
    outcome = shard.on_cancel(cancel(list_id="p"), WALL)
    assert told(outcome) == [
        "p-IVE CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
        "p-IWS CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
    ]
    assert kinds(outcome.journal) == ["cancel", "order", "order"]
    assert shard.on_cancel(cancel(list_id="p"), WALL) == Effects()
    assert told(shard.on_cancel(cancel(list_id="p", content_hash="h-2", at=9), WALL)) == [
        "p-VTI CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1"
    ]


def test_a_cancel_leaves_the_other_orders_and_their_window(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote("93", "94"), WALL)
    for name in ("o-1", "o-2"):
        outcome = shard.on_order(order("1", cl_ord_id=name, priority=2), WALL)
    assert kinds(outcome.journal) == ["order"]
    assert kinds(shard.on_cancel(cancel("o-1"), WALL).journal) == ["order", "cancel"]
    gone = shard.on_cancel(cancel("o-2", cl_ord_id="c-2"), WALL)
    assert kinds(gone.journal) == ["order", "window gone", "cancel"]


def test_a_restored_shard_knows_cancels_states_windows_and_what_was_taken(
    order: Make, quote: Make, cancel: Make
) -> None:
    shard = Shard(Limits())
    changes: list[Change] = []

    def write(outcome: Effects | None) -> None:
        changes.extend(outcome.journal if outcome else ())

    shard.on_quote(quote("93", "94", ask_size="5"), WALL)
    write(shard.on_order(order("3", cl_ord_id="o-1"), WALL))
    write(shard.on_order(order("3", cl_ord_id="o-2", priority=2), WALL))
    write(shard.on_order(order("3", cl_ord_id="o-3", side="SELL", stop_px="90"), WALL))
    write(shard.on_cancel(cancel("late", at=100), WALL))
    write(shard.on_trading_state(TradingState(State.REDUCING, 1, 7, "orders-0-7"), WALL))
    restored = restore(Limits(), compacted(changes))
    assert told(restored.on_order(order("1", cl_ord_id="o-4"), WALL)) == [
        "o-4 REJECTED code=TRADING_HALTED state=REDUCING"
    ]
    assert restored.on_trading_state(TradingState(State.ACTIVE, 1, 7, "orders-0-7"), WALL) == Effects()
    active = restored.on_trading_state(TradingState(State.ACTIVE, 1, 8, "orders-0-8"), WALL + SECOND)
    assert [(report.cl_ord_id, report.last_qty) for report in active.reports] == [("o-2", 2)]
    assert told(restored.on_order(order("1", cl_ord_id="late", side="SELL"), WALL)) == [
        "late NEW",
        "late CANCELED code=CANCEL_REQUESTED cl_ord_id=c-1",
    ]
    assert told(restored.on_quote(quote("89", "94", at=1, offset=1), WALL) or Effects()) == ["o-3 TRADE"]


def test_a_crossed_nbbo_is_counted_when_a_message_meets_it_with_open_orders(
    shard: Shard, order: Make, quote: Make
) -> None:
    shard.on_quote(quote("95", "94"), WALL)
    shard.on_trading_state(TradingState(State.ACTIVE, 1, 1, "orders-0-1"), WALL)
    assert shard.state.counts.crossed == 0
    shard.on_order(order("1"), WALL)
    shard.on_second(WALL + SECOND)
    assert shard.state.counts.crossed == 1
    shard.on_trading_state(TradingState(State.ACTIVE, 1, 2, "orders-0-2"), WALL)
    assert shard.state.counts.crossed == 2
    shard.on_quote(quote("94", "94", at=1, offset=1), WALL)
    assert shard.state.counts.crossed == 2


def test_what_was_known_already_is_counted(shard: Shard, order: Make) -> None:
    for content_hash in ("hash-1", "hash-1", "hash-2", "hash-2"):
        shard.on_order(order("1", content_hash=content_hash), WALL)
    assert shard.state.counts.duplicates == 3


def test_after_a_restart_new_orders_come_behind_the_old_ones(order: Make, quote: Make) -> None:
    changes: list[Change] = []
    shard = Shard(Limits())
    for name in ("o-1", "o-2"):
        changes += shard.on_order(order("1", cl_ord_id=name), WALL).journal
    restored = restore(Limits(), reversed(compacted(changes)))
    restored.on_order(order("1", cl_ord_id="o-3"), WALL)
    outcome = restored.on_quote(quote("93", "94"), WALL)
    assert outcome is not None
    assert [report.cl_ord_id for report in outcome.reports] == ["o-1", "o-2", "o-3"]


def test_tombstones_of_orders_alone_may_fill_a_portion(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), WALL)
    for number in range(FORGOTTEN_MAX + 1):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), WALL)
    shard.on_cancel(cancel(list_id="p"), WALL)
    first = kinds(shard.forget_closed(WALL + 2 * DAY))
    assert (first.count("order gone"), first.count("cancel gone")) == (FORGOTTEN_MAX, 0)
    second = kinds(shard.forget_closed(WALL + 2 * DAY))
    assert (second.count("order gone"), second.count("cancel gone")) == (1, 1)
