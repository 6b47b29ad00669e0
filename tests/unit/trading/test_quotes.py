from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.clock import Clock, ClockState
from fintank.trading.messages import Quote
from fintank.trading.quotes import Book, Counts

Make = Callable[..., Any]
SECOND = 1_000_000
HOUR = 3600 * SECOND
WALL = 7 * HOUR


class Market:
    """A book that is fed and looked at with one wall time."""

    def __init__(self, first: Quote) -> None:
        self.counts = Counts()
        self.wall_us = WALL
        self.book = Book("IVE", Clock(ClockState(first.time_us, WALL, first.time_us)), HOUR, self.counts)
        self.accepted = [self.book.accept(first, WALL)]

    def take(self, *quotes: Quote) -> "Market":
        self.accepted += [self.book.accept(quote, self.wall_us) for quote in quotes]
        return self

    def nbbo(self) -> tuple[str, str, str, str]:
        """Bid, its exchange, ask, its exchange; - for none."""
        nbbo = self.book.nbbo(self.book.clock.now(self.wall_us))
        sides = [
            ("-", "-") if side is None else (str(side.price), side.quote.exchange)
            for side in (nbbo.bid, nbbo.ask)
        ]
        return sides[0] + sides[1]


def test_the_nbbo_is_the_highest_bid_and_the_lowest_ask_over_the_exchanges(quote: Make) -> None:
    market = Market(quote("93.9", "94.2", exchange="NYSE"))
    market.take(quote("93.8", "94.1", exchange="NASDAQ"))
    assert market.nbbo() == ("93.9", "NYSE", "94.1", "NASDAQ")


def test_prices_compare_as_numbers_and_not_as_text(quote: Make) -> None:
    market = Market(quote("9", "100.5", exchange="NYSE")).take(quote("10", "99", exchange="NASDAQ"))
    assert market.nbbo() == ("10", "NASDAQ", "99", "NASDAQ")


def test_a_newer_quote_replaces_the_held_one_of_its_exchange_even_if_it_is_worse(quote: Make) -> None:
    market = Market(quote("93.9", "94.1")).take(quote("93.5", "94.5", at=1, offset=1))
    assert market.nbbo() == ("93.5", "NASDAQ", "94.5", "NASDAQ")


def test_of_two_quotes_with_one_time_the_greater_offset_is_the_newer(quote: Make) -> None:
    market = Market(quote("1", "2", offset=5))
    market.take(quote("1.1", "2", offset=6), quote("1.2", "2", offset=4), quote("1.3", "2", offset=6))
    assert market.accepted == [True, True, False, False]
    assert market.nbbo()[0] == "1.1"
    assert market.counts == Counts(not_newer=2)


def test_an_earlier_time_is_not_newer_whatever_its_offset(quote: Make) -> None:
    market = Market(quote(at=10, offset=5)).take(quote(at=9, offset=6))
    assert market.accepted == [True, False]
    assert market.counts.not_newer == 1


def test_newer_is_asked_for_each_exchange_alone(quote: Make) -> None:
    market = Market(quote(at=10, offset=5)).take(quote(at=9, offset=6, exchange="NYSE"))
    assert market.accepted == [True, True]


def test_a_quote_is_used_up_to_its_age_and_not_beyond(quote: Make) -> None:
    market = Market(quote("93", "94"))
    market.wall_us = WALL + HOUR
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")
    market.wall_us += 1
    assert market.nbbo() == ("-", "-", "-", "-")


def test_the_age_is_against_the_symbols_clock_which_other_exchanges_move(quote: Make) -> None:
    market = Market(quote("93", "94", exchange="NYSE"))
    market.take(quote("92", "95", at=3600, offset=1))
    assert market.nbbo() == ("93", "NYSE", "94", "NYSE")
    market.take(quote("92", "95", at=3600.000001, offset=2))
    assert market.nbbo() == ("92", "NASDAQ", "95", "NASDAQ")


def test_a_quote_that_is_already_too_old_when_it_comes_is_counted(quote: Make) -> None:
    market = Market(quote("93", "94", at=3601))
    market.take(quote("93.5", "93.6", exchange="NYSE", offset=1))
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")
    assert market.counts == Counts(stale=1)
    market.take(quote("93.5", "93.6", at=1, exchange="NYSE", offset=2))
    assert market.counts == Counts(stale=1)
    assert market.nbbo()[0] == "93.5"


@pytest.mark.parametrize(("nyse", "nasdaq", "winner"), [("200", "30", "NYSE"), ("30", "200", "NASDAQ")])
def test_of_equal_prices_the_larger_size_wins(quote: Make, nyse: str, nasdaq: str, winner: str) -> None:
    market = Market(quote("93", "94.0", exchange="NYSE", bid_size=nyse, ask_size=nyse))
    market.take(quote("93.00", "94", offset=1, bid_size=nasdaq, ask_size=nasdaq))
    bid, bid_exchange, ask, ask_exchange = market.nbbo()
    assert (Decimal(bid), Decimal(ask)) == (93, 94)
    assert (bid_exchange, ask_exchange) == (winner, winner)


def test_of_equal_prices_a_quote_with_a_size_wins_over_one_without(quote: Make) -> None:
    market = Market(quote("93", "94", exchange="NYSE"))
    market.take(quote("93", "94", at=1, offset=1, bid_size="0.5", ask_size="0.5"))
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")


@pytest.mark.parametrize("size", [None, "100"])
def test_of_equal_prices_and_sizes_the_earlier_quote_wins(quote: Make, size: str | None) -> None:
    sizes = {"bid_size": size, "ask_size": size}
    market = Market(quote("93", "94", at=1, offset=2, exchange="NYSE", **sizes))
    market.take(quote("93", "94", at=0, offset=3, exchange="ARCA", **sizes))
    market.take(quote("93", "94", at=0, offset=4, exchange="BATS", **sizes))
    assert market.nbbo() == ("93", "ARCA", "94", "ARCA")


def test_a_venues_own_crossed_quote_replaces_its_held_one(quote: Make) -> None:
    market = Market(quote("93", "94")).take(quote("95", "94.5", at=1, offset=1))
    assert market.nbbo() == ("95", "NASDAQ", "94.5", "NASDAQ")
    assert market.book.nbbo(market.book.clock.now(WALL)).is_crossed


def test_a_locked_nbbo_is_not_crossed(quote: Make) -> None:
    market = Market(quote("94", "94"))
    assert not market.book.nbbo(market.book.clock.now(WALL)).is_crossed


def test_a_quote_may_have_one_side_only(quote: Make) -> None:
    market = Market(quote("93", None, exchange="NYSE"))
    assert market.nbbo() == ("93", "NYSE", "-", "-")
    assert not market.book.nbbo(market.book.clock.now(WALL)).is_crossed
    market.take(quote(None, "94", offset=1))
    assert market.nbbo() == ("93", "NYSE", "94", "NASDAQ")


def test_changes_are_the_quotes_and_the_clock_that_are_new_since_the_last_asking(quote: Make) -> None:
    market = Market(quote(exchange="NYSE")).take(quote(offset=1))
    assert [(record.kind, record.id) for record in market.book.changes()] == [
        ("quote", "3:IVE,4:NYSE"),
        ("quote", "3:IVE,6:NASDAQ"),
        ("clock", "3:IVE"),
    ]
    assert market.book.changes() == []
    market.take(quote("1", "2", offset=2))
    (record,) = market.book.changes()  # its time is the clock's already
    assert record.value is not None
    assert record.value["bid"] == "1"
