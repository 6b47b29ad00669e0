"""Cancels and terminal orders are forgotten by age, a bounded number at a time."""

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from support.journal import kinds
from support.report_lines import type_lines

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.clock import Clock
from fintank.trading.effects import Effects
from fintank.trading.forgetting import FORGOTTEN_MAX
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
DAY = 86_400 * SECOND
LOG_US = 5 * DAY


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


def test_hundreds_of_cancels_are_forgotten_in_portions_of_the_requested_size(cancel: Make) -> None:
    cancels = Cancels()
    for number in range(301):
        made = cancel(f"o-{number}", cl_ord_id=f"c-{number}", content_hash=f"h-{number}")
        cancels.remember(RememberedCancel.of(made, closed_us=0))
    assert [len(cancels.forget("IVE", 1, 300)) for _ in range(3)] == [300, 1, 0]


def test_a_cancel_is_forgotten_after_the_retention_and_then_stale(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    assert type_lines(shard.on_cancel(cancel("o-1"), LOG_US + SECOND)) == [
        "c-1 CANCEL_REJECTED code=UNKNOWN_ORDER orig_cl_ord_id=o-1"
    ]
    assert shard.forget_closed(LOG_US + SECOND + DAY) == ()
    assert kinds(shard.forget_closed(LOG_US + SECOND + DAY + 1)) == ["cancel gone"]
    again = shard.on_cancel(cancel("o-1"), LOG_US + SECOND + DAY + 1)
    assert type_lines(again) == [
        "c-1 CANCEL_REJECTED code=STALE_ORDER age_us=86401000001 retention_us=86400000000"
    ]
    assert shard.on_cancel(cancel("o-1"), LOG_US + 3 * DAY) == Effects()


def test_a_cancel_ahead_of_the_clock_is_kept_from_its_own_time_on(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    shard.on_cancel(cancel("o-1", at=10), LOG_US)
    assert shard.forget_closed(LOG_US + 10 * SECOND + DAY) == ()
    assert kinds(shard.forget_closed(LOG_US + 10 * SECOND + DAY + 1)) == ["cancel gone"]


def test_a_list_cancel_is_forgotten_when_it_is_too_old_by_every_clock(
    shard: Shard, quote: Make, cancel: Make
) -> None:
    shard.on_cancel(cancel(list_id="p", at=5), LOG_US)
    assert shard.forget_closed(LOG_US) == ()
    shard.on_quote(quote(at=9 * 86_400), LOG_US)
    shard.on_quote(quote(symbol="VTI"), LOG_US)
    assert shard.forget_closed(LOG_US + 5 * SECOND + DAY) == ()
    assert kinds(shard.forget_closed(LOG_US + 5 * SECOND + DAY + 1)) == ["cancel gone"]
    assert shard.forget_closed(LOG_US + 9 * DAY) == ()


def test_a_symbol_is_not_looked_at_before_anything_of_it_is_too_old(
    shard: Shard, order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    forget = OrderRegistry.forget

    def counted(known: OrderRegistry, symbol: str, *rest: int) -> list[Any]:
        looked_at.append(symbol)
        return forget(known, symbol, *rest)

    monkeypatch.setattr(OrderRegistry, "forget", counted)
    for symbol in ("IVE", "VTI"):
        shard.on_quote(quote(symbol=symbol), LOG_US)
    shard.on_order(order("1"), LOG_US)
    for log_us in (LOG_US, LOG_US + 1, LOG_US + SECOND, LOG_US + DAY - 1, LOG_US + DAY):
        assert shard.forget_closed(log_us) == ()
    assert looked_at == []
    assert kinds(shard.forget_closed(LOG_US + DAY + 1))[0] == "order gone"
    assert looked_at == ["IVE"]


def test_the_slowest_clock_is_read_before_all_the_others(
    shard: Shard, quote: Make, cancel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        shard.on_quote(quote(symbol=f"S{number}", at=number), LOG_US)
    asked: list[int] = []
    now = Clock.now
    monkeypatch.setattr(Clock, "now", lambda clock, log_us: asked.append(log_us) or now(clock, log_us))
    assert (shard.forget_closed(LOG_US), asked) == ((), [])
    shard.on_cancel(cancel(list_id="p"), LOG_US)
    assert shard.forget_closed(LOG_US) == ()
    asked.clear()
    for second in range(1, 50):
        assert shard.forget_closed(LOG_US + second * SECOND) == ()
    assert len(asked) == 49
    shard.on_quote(quote(symbol="S0", at=DAY // SECOND + 1, offset=1), LOG_US + 50 * SECOND)
    assert shard.forget_closed(LOG_US + 50 * SECOND) == ()
    assert len(asked) > 49 + 100
    asked.clear()
    # Now it is S1, whose clock was a second ahead of that of S0.
    assert shard.forget_closed(LOG_US + DAY - SECOND) == ()
    assert len(asked) == 1
    assert kinds(shard.forget_closed(LOG_US + DAY - SECOND + 1))[0] == "cancel gone"


def test_orders_cancels_and_lists_share_the_portions_of_tombstones(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    for number in range(FORGOTTEN_MAX - 1):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), LOG_US)
    for number in range(3):
        shard.on_cancel(cancel("x", cl_ord_id=f"c-{number}"), LOG_US)
        shard.on_cancel(cancel(list_id="p", cl_ord_id=f"c-{number}"), LOG_US)
    portions = [kinds(shard.forget_closed(LOG_US + 2 * DAY)) for _ in range(3)]
    assert portions[0].count("order gone") == FORGOTTEN_MAX - 1
    assert [portion.count("cancel gone") for portion in portions] == [1, 5, 0]


def test_list_cancels_get_what_the_symbols_left_of_a_portion(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    for number in range(990):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), LOG_US)
    for number in range(20):
        shard.on_cancel(cancel(list_id="p", cl_ord_id=f"c-{number}"), LOG_US)
    portions = [kinds(shard.forget_closed(LOG_US + 2 * DAY)) for _ in range(3)]
    assert [portion.count("cancel gone") for portion in portions] == [10, 10, 0]


def test_tombstones_of_orders_alone_may_fill_a_portion(
    shard: Shard, order: Make, quote: Make, cancel: Make
) -> None:
    shard.on_quote(quote(), LOG_US)
    for number in range(FORGOTTEN_MAX + 1):
        shard.on_order(order("1", cl_ord_id=f"o-{number}"), LOG_US)
    shard.on_cancel(cancel(list_id="p"), LOG_US)
    first = kinds(shard.forget_closed(LOG_US + 2 * DAY))
    assert (first.count("order gone"), first.count("cancel gone")) == (FORGOTTEN_MAX, 0)
    second = kinds(shard.forget_closed(LOG_US + 2 * DAY))
    assert (second.count("order gone"), second.count("cancel gone")) == (1, 1)
