"""How often a shard looks for what is too old, and how much it forgets at once."""

from collections.abc import Callable
from typing import Any

import factories
import pytest
from factories import SECOND, START
from support.journal import kinds
from support.timers import forget

from fintank.trading import forgetting
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.quote_book import QuoteBook
from fintank.trading.shard import Shard

Make = Callable[..., Any]
DAY = 86_400 * SECOND
LOG_US = START + 5 * DAY


def test_a_symbol_is_not_looked_at_more_often_than_its_quotes_age(
    shard: Shard, order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    forget_orders = OrderRegistry.forget

    def counted(known: OrderRegistry, symbol: Any, *rest: Any) -> list[Any]:
        looked_at.append(symbol)
        return forget_orders(known, symbol, *rest)

    monkeypatch.setattr(OrderRegistry, "forget", counted)
    for number in range(100):
        shard.on_quote(quote(symbol=f"S{number}"), LOG_US)
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1"), LOG_US)
    for second in range(60):
        shard.on_quote(quote(at=second, offset=second + 1), LOG_US + second * SECOND)
        forget(shard, LOG_US + second * SECOND)
    assert set(looked_at) == {None}  # what has no clock


def test_a_commit_looks_only_at_the_symbols_that_changed(
    shard: Shard, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_000):
        shard.on_quote(quote(symbol=f"S{number}"), LOG_US)
    forget(shard, LOG_US)
    looked_at: list[str] = []
    changes = QuoteBook.changes
    monkeypatch.setattr(QuoteBook, "changes", lambda book: looked_at.append(book.symbol) or changes(book))
    shard.on_quote(quote(symbol="S7", at=1, offset=1), LOG_US + SECOND)
    forget(shard, LOG_US + SECOND)
    forget(shard, LOG_US + SECOND)
    assert looked_at == ["S7"]


@pytest.mark.parametrize("has_clock", [False, True])
def test_a_sweep_forgets_a_bounded_number_of_orders_and_of_cancels(
    shard: Shard, order: Make, cancel: Make, has_clock: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "FORGOTTEN_MAX", 300)
    if has_clock:
        shard.on_quote(factories.quote(), START)
    for number in range(700):
        shard.on_order(order("1", cl_ord_id=f"o-{number}", tif="IOC"), START)
        shard.on_cancel(cancel("nobody", cl_ord_id=f"c-{number}"), START)
    shard.changed_quotes()
    portions = [kinds(forget(shard, START + 2 * DAY + each)) for each in range(4)]
    for kind in ("order", "cancel"):
        assert [portion.count(f"{kind} gone") for portion in portions] == [300, 300, 100, 0]


def test_a_sweep_looks_at_a_bounded_number_of_silent_symbols(
    shard: Shard, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "FORGOTTEN_MAX", 300)
    for number in range(700):
        shard.on_quote(quote(symbol=f"S{number}"), LOG_US)
    shard.changed_quotes()
    portions = [kinds(forget(shard, LOG_US + DAY)) for _ in range(4)]
    assert [portion.count("clock gone") for portion in portions] == [300, 300, 100, 0]


def test_a_symbol_that_can_not_go_is_looked_at_when_its_quotes_may_be_too_old_again(
    shard: Shard, order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_us = shard.state.limits.max_quote_age_us
    shard.on_quote(quote(), LOG_US)
    shard.on_order(order("1", price="50"), LOG_US)
    shard.changed_quotes()
    looked_us: list[int] = []
    is_due = QuoteBook.is_due
    monkeypatch.setattr(
        QuoteBook, "is_due", lambda book, log_us: looked_us.append(log_us - LOG_US) or is_due(book, log_us)
    )
    for time_us in (age_us, age_us + 1, 2 * age_us + 1, 2 * age_us + 2, 3 * age_us + 3, 4 * age_us + 3):
        forget(shard, LOG_US + time_us)
    assert looked_us == [age_us + 1, 2 * age_us + 2, 3 * age_us + 3]


def test_a_symbol_that_ticks_is_looked_at_no_earlier_for_what_it_closed(
    shard: Shard, order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_us = shard.state.limits.max_quote_age_us
    shard.on_quote(quote(), START)
    shard.on_order(order("1"), START)
    last_us = DAY - age_us // 2
    shard.on_quote(quote(at=last_us / SECOND, offset=1), START + last_us)
    shard.changed_quotes()
    looked_us: list[int] = []
    is_due = QuoteBook.is_due
    monkeypatch.setattr(
        QuoteBook, "is_due", lambda book, at_us: looked_us.append(at_us - START) or is_due(book, at_us)
    )
    for time_us in (last_us, DAY + 1, last_us + age_us, last_us + age_us + 1):
        forget(shard, START + time_us)
    assert looked_us == [last_us, last_us + age_us + 1]
