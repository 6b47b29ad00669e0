"""What an order book says of a quote before any order is looked at."""

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from factories import START

from fintank.trading.messages import Side
from fintank.trading.order_book import OrderBook
from fintank.trading.working_order import WorkingOrder

Make = Callable[..., Any]
NOW_US = START + 100
STALE_US, SESSION_US, REFERENCE_US = START + 400, START + 300, START + 200


def book_of(*orders: Any, sides: Any = Side, must_look: bool = False, end_us: int | None = None) -> OrderBook:
    """An order book with these orders, after a step at NOW_US."""
    book = OrderBook("IVE")
    for seq, made in enumerate(orders):
        book.add(WorkingOrder(made, seq, START, end_us, is_checked=True))
    book.settle(NOW_US, STALE_US, SESSION_US, REFERENCE_US, sides=sides, must_look=must_look)
    return book


def touches(book: OrderBook, quote: Any, now_us: int = NOW_US) -> bool:
    return book.is_touched(quote, now_us, START)


@pytest.mark.parametrize(
    ("bid", "ask", "is_touched"),
    [
        ("99", "101", False),
        ("99", "90.01", True),  # crosses itself
        ("99", "99", True),
        ("98", "98.01", False),
        ("89", "90", True),
        ("89", "90.01", False),
        ("89", "89.5", True),
        ("109.99", "120", False),
        ("110", "120", True),
        ("115", "120", True),
        (None, "101", True),
        ("99", None, True),
    ],
)
def test_a_quote_touches_limits_that_its_prices_reach(
    order: Make, quote: Make, bid: str | None, ask: str | None, is_touched: bool
) -> None:
    book = book_of(order("1", price="90"), order("1", side="SELL", price="110"))
    assert touches(book, quote(bid, ask)) is is_touched


@pytest.mark.parametrize(
    ("bid", "ask", "is_touched"),
    [
        ("99", "101", False),
        ("99", "104.99", False),
        ("99", "105", True),
        ("99", "106", True),
        ("95.01", "101", False),
        ("95", "101", True),
        ("94", "101", True),
    ],
)
def test_a_quote_touches_stops_that_its_prices_reach(
    order: Make, quote: Make, bid: str, ask: str, is_touched: bool
) -> None:
    stops = (("BUY", "105"), ("BUY", "107"), ("SELL", "95"), ("SELL", "93"))
    book = book_of(*(order("1", side=side, stop_px=price) for side, price in stops))
    assert touches(book, quote(bid, ask)) is is_touched


def test_a_market_without_orders_to_reach_is_not_touched(order: Make, quote: Make) -> None:
    assert not touches(book_of(order("1", price="50")), quote("49.99", "50.01"))
    assert not touches(book_of(order("1", side="SELL", price="200")), quote("0.01", "0.02"))


@pytest.mark.parametrize(
    ("at", "is_touched"), [(-0.000_001, True), (0, False), (0.000_001, False), (9, False)]
)
def test_a_quote_older_than_the_newest_touches(order: Make, quote: Make, at: float, is_touched: bool) -> None:
    assert touches(book_of(order("1", price="90")), quote("99", "101", at=at)) is is_touched


@pytest.mark.parametrize(
    ("now_us", "is_touched"),
    [(NOW_US - 1, True), (NOW_US, False), (SESSION_US - 1, False), (SESSION_US, True)],
)
def test_a_clock_set_back_and_a_time_that_is_due_touch(
    order: Make, quote: Make, now_us: int, is_touched: bool
) -> None:
    assert touches(book_of(order("1", price="90")), quote("99", "101"), now_us) is is_touched


def test_an_order_book_looks_until_its_first_step(order: Make, quote: Make) -> None:
    book = OrderBook("IVE")
    book.add(WorkingOrder(order("1", price="90"), 0, START, None, is_checked=True))
    assert touches(book, quote("99", "101"))


@pytest.mark.parametrize("sides", [(), (Side.BUY,), (Side.SELL,)])
def test_every_quote_touches_while_a_side_may_not_trade(order: Make, quote: Make, sides: Any) -> None:
    assert touches(book_of(order("1", price="90"), sides=sides), quote("99", "101"))


def test_every_quote_touches_if_the_last_step_says_so(order: Make, quote: Make) -> None:
    assert touches(book_of(order("1", price="90"), must_look=True), quote("99", "101"))


def test_every_quote_touches_while_a_block_is_tried(order: Make, quote: Make) -> None:
    book = OrderBook("IVE")
    book.add(WorkingOrder(order("1", price="90", priority=2), 0, START, None, is_checked=True))
    book.windows.open(NOW_US)
    book.settle(NOW_US, STALE_US, SESSION_US, REFERENCE_US, sides=Side, must_look=False)
    assert touches(book, quote("99", "101"))


@pytest.mark.parametrize(
    ("given", "due_us"),
    [
        ({"price": "90"}, SESSION_US),
        ({"price": "110", "side": "SELL"}, SESSION_US),
        ({}, REFERENCE_US),
        ({"side": "SELL"}, REFERENCE_US),
    ],
)
def test_a_change_of_the_reference_price_is_due_while_an_order_takes_any_price(
    order: Make, given: dict[str, str], due_us: int
) -> None:
    assert book_of(order("1", **given)).due_us == due_us


def test_a_change_of_the_reference_price_is_due_while_the_book_must_look(order: Make) -> None:
    assert book_of(order("1", price="90"), must_look=True).due_us == REFERENCE_US


@pytest.mark.parametrize(
    ("next_stale_us", "next_session_us", "end_us", "due_us"),
    [
        (None, inf, None, inf),
        (STALE_US, SESSION_US, None, SESSION_US),
        (STALE_US, inf, None, STALE_US),
        (STALE_US, SESSION_US, SESSION_US - 1, SESSION_US - 1),
    ],
)
def test_the_first_of_what_comes_is_due(
    order: Make, next_stale_us: int | None, next_session_us: float, end_us: int | None, due_us: float
) -> None:
    book = book_of(order("1", price="90"), end_us=end_us)
    book.settle(NOW_US, next_stale_us, next_session_us, REFERENCE_US, sides=Side, must_look=False)
    assert book.due_us == due_us


def test_a_stop_joins_its_group_when_it_is_triggered(order: Make) -> None:
    stop = WorkingOrder(order("1", stop_px="105", price="106"), 0, START, None, is_checked=False)
    book = OrderBook("IVE")
    book.add(stop)
    assert (bool(book.stops[Side.BUY]), bool(book.alone[Side.BUY])) == (True, False)
    book.put(stop)
    assert (bool(book.stops[Side.BUY]), bool(book.alone[Side.BUY])) == (True, False)
    assert list(book.unchecked[Side.BUY]) == [0]
    book.put(WorkingOrder(stop.order, 0, START, None, is_checked=True, is_triggered=True))
    assert (bool(book.stops[Side.BUY]), bool(book.alone[Side.BUY])) == (False, True)
    assert not book.unchecked[Side.BUY]


def test_stops_that_the_best_prices_touch_come_by_arrival(order: Make, market: Make) -> None:
    stops = (("SELL", "99"), ("BUY", "101"), ("SELL", "98.99"), ("BUY", "101.01"), ("SELL", "99"))
    book = book_of(*(order("1", side=side, stop_px=price) for side, price in stops))
    assert book.touched_stops(market(("99", "101")), Side) == [0, 1, 4]
    assert book.touched_stops(market(("99", "101")), [Side.BUY]) == [1]
