from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from support.journal import keys

from fintank.trading.changes import HeldQuote
from fintank.trading.clock import Clock, ClockState
from fintank.trading.depth import Depth
from fintank.trading.limits import Limits
from fintank.trading.messages import Quote, Side
from fintank.trading.quote_book import Counts, QuoteBook

Make = Callable[..., Any]
SECOND = 1_000_000
HOUR = 3600 * SECOND
LOG_US = 7 * HOUR
LIMITS = Limits(max_quote_lag_us=2 * HOUR, max_quote_age_us=HOUR)


class Fed:
    """A book that is fed and looked at with one log time."""

    def __init__(self, first: Quote) -> None:
        self.counts = Counts()
        self.log_us = LOG_US
        self.book = QuoteBook("IVE", Clock(ClockState(first.time_us, LOG_US)), LIMITS, self.counts)
        self.accepted = [self.book.accept(first, LOG_US) is not None]

    def take(self, *quotes: Quote) -> "Fed":
        self.accepted += [self.book.accept(quote, self.log_us) is not None for quote in quotes]
        return self

    def nbbo(self) -> tuple[str, str, str, str]:
        """Bid, its exchange, ask, its exchange; - for none."""
        found = self.market()
        if not found.bids:
            return ("-", "-", "-", "-")
        bid, ask = found.bids[0], found.asks[0]
        return str(bid.price), bid.quote.exchange, str(ask.price), ask.quote.exchange

    def market(self) -> Depth:
        return self.book.market(self.book.clock.now(self.log_us))


def test_the_nbbo_is_the_highest_bid_and_the_lowest_ask_over_the_exchanges(quote: Make) -> None:
    market = Fed(quote("93.9", "94.2", exchange="NYSE"))
    market.take(quote("93.8", "94.1", exchange="NASDAQ"))
    assert market.nbbo() == ("93.9", "NYSE", "94.1", "NASDAQ")


def test_prices_compare_as_numbers_and_not_as_text(quote: Make) -> None:
    market = Fed(quote("9", "100.5", exchange="NYSE")).take(quote("10", "99", exchange="NASDAQ"))
    assert market.nbbo() == ("10", "NASDAQ", "99", "NASDAQ")


def test_a_newer_quote_replaces_the_held_one_of_its_exchange_even_if_it_is_worse(quote: Make) -> None:
    market = Fed(quote("93.9", "94.1")).take(quote("93.5", "94.5", at=1, offset=1))
    assert market.nbbo() == ("93.5", "NASDAQ", "94.5", "NASDAQ")


def test_of_two_quotes_with_one_time_the_greater_offset_is_the_newer(quote: Make) -> None:
    market = Fed(quote("1", "2", offset=5))
    market.take(quote("1.1", "2", offset=6), quote("1.2", "2", offset=4), quote("1.3", "2", offset=6))
    assert market.accepted == [True, True, False, False]
    assert market.nbbo()[0] == "1.1"
    assert market.counts == Counts(not_newer=2)


def test_a_later_time_is_newer_whatever_its_offset(quote: Make) -> None:
    market = Fed(quote(at=9, offset=6)).take(quote(at=10, offset=5))
    assert market.accepted == [True, True]


def test_an_earlier_time_is_not_newer_whatever_its_offset(quote: Make) -> None:
    market = Fed(quote(at=10, offset=5)).take(quote(at=9, offset=6))
    assert market.accepted == [True, False]
    assert market.counts.not_newer == 1


def test_newer_is_decided_per_exchange(quote: Make) -> None:
    market = Fed(quote(at=10, offset=5)).take(quote(at=9, offset=6, exchange="NYSE"))
    assert market.accepted == [True, True]


def test_a_quote_is_used_up_to_its_age_and_not_beyond(quote: Make) -> None:
    market = Fed(quote("93", "94"))
    market.log_us = LOG_US + HOUR
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")
    market.log_us += 1
    assert market.nbbo() == ("-", "-", "-", "-")


def test_the_age_is_against_the_symbols_clock_which_other_exchanges_move(quote: Make) -> None:
    market = Fed(quote("93", "94", exchange="NYSE"))
    market.take(quote("92", "95", at=3600, offset=1))
    assert market.nbbo() == ("93", "NYSE", "94", "NYSE")
    market.take(quote("92", "95", at=3600.000001, offset=2))
    assert market.nbbo() == ("92", "NASDAQ", "95", "NASDAQ")


def test_a_quote_that_is_stale_on_arrival_is_counted(quote: Make) -> None:
    market = Fed(quote("93", "94", at=3601))
    market.take(quote("93.5", "93.6", exchange="NYSE", offset=1))
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")
    assert market.counts == Counts(stale=1)
    market.take(quote("93.5", "93.6", at=1, exchange="NYSE", offset=2))
    assert market.counts == Counts(stale=1)
    assert market.nbbo()[0] == "93.5"


def test_an_age_is_a_difference_of_times(quote: Make) -> None:
    first = quote()._replace(time_us=3 * HOUR)
    market = Fed(first).take(first._replace(time_us=HOUR, exchange="NYSE"))
    assert market.counts == Counts(stale=1)


@pytest.mark.parametrize(("nyse", "nasdaq", "winner"), [("200", "30", "NYSE"), ("30", "200", "NASDAQ")])
def test_of_equal_prices_the_larger_size_wins(quote: Make, nyse: str, nasdaq: str, winner: str) -> None:
    market = Fed(quote("93", "94.0", exchange="NYSE", bid_size=nyse, ask_size=nyse))
    market.take(quote("93.00", "94", offset=1, bid_size=nasdaq, ask_size=nasdaq))
    bid, bid_exchange, ask, ask_exchange = market.nbbo()
    assert (Decimal(bid), Decimal(ask)) == (93, 94)
    assert (bid_exchange, ask_exchange) == (winner, winner)


def test_of_equal_prices_a_quote_with_a_size_wins_over_one_without(quote: Make) -> None:
    market = Fed(quote("93", "94", exchange="NYSE"))
    market.take(quote("93", "94", at=1, offset=1, bid_size="0.5", ask_size="0.5"))
    assert market.nbbo() == ("93", "NASDAQ", "94", "NASDAQ")


@pytest.mark.parametrize("size", [None, "100"])
def test_of_equal_prices_and_sizes_the_earlier_quote_wins(quote: Make, size: str | None) -> None:
    sizes = {"bid_size": size, "ask_size": size}
    market = Fed(quote("93", "94", at=1, offset=2, exchange="NYSE", **sizes))
    market.take(quote("93", "94", at=0, offset=3, exchange="ARCA", **sizes))
    market.take(quote("93", "94", at=0, offset=4, exchange="BATS", **sizes))
    assert market.nbbo() == ("93", "ARCA", "94", "ARCA")


def test_a_crossed_quote_of_an_exchange_replaces_its_held_one(quote: Make) -> None:
    market = Fed(quote("93", "94")).take(quote("95", "94.5", at=1, offset=1))
    assert market.nbbo() == ("-", "-", "-", "-")
    assert [each.bid for each in market.market().crossing] == ["95"]


def test_a_quote_is_used_up_to_its_lag_behind_the_newest_and_not_beyond(quote: Make) -> None:
    market = Fed(quote("93", "94", exchange="NYSE"))
    market.book = QuoteBook("IVE", market.book.clock, Limits(), market.counts)
    market.take(quote("93", "94", exchange="NYSE"), quote("92", "95", at=5, offset=1))
    assert market.nbbo() == ("93", "NYSE", "94", "NYSE")
    market.take(quote("92", "95", at=5.000001, offset=2))
    assert market.nbbo() == ("92", "NASDAQ", "95", "NASDAQ")


def test_a_taken_size_is_missing_on_its_side_until_the_exchange_shows_something_else(quote: Make) -> None:
    fed = Fed(quote("93", "94", bid_size="5", ask_size="7.5"))
    for quantity in ("2", "0.5"):
        fed.book.take(Side.BUY, fed.market().asks[0], Decimal(quantity))
    fed.book.take(Side.SELL, fed.market().bids[0], Decimal(1))
    assert (fed.market().asks[0].left, fed.market().bids[0].left) == (5, 4)
    held = fed.book.changes()[0]
    assert isinstance(held, HeldQuote)
    assert held.taken == (1, Decimal("2.5"))
    fed.take(quote("93.0", "94", at=1, offset=1, bid_size="5", ask_size="7.50"))
    assert (fed.market().asks[0].left, fed.market().bids[0].left) == (5, 4)
    fed.take(quote("93", "94", at=2, offset=2, bid_size="6", ask_size="7.5"))
    assert (fed.market().asks[0].left, fed.market().bids[0].left) == (5, 6)
    fed.take(quote("93", "94.1", at=3, offset=3, bid_size="6", ask_size="7.5"))
    assert (fed.market().asks[0].left, fed.market().bids[0].left) == (Decimal("7.5"), 6)
    held = fed.book.changes()[0]
    assert isinstance(held, HeldQuote)
    assert held.taken == (0, 0)


def test_a_size_taken_from_a_level_is_missing_at_once(quote: Make) -> None:
    fed = Fed(quote("93", "94", ask_size="7"))
    level = fed.market().asks[0]
    fed.book.take(Side.BUY, level, Decimal(3))
    assert level.left == 4


def test_a_quote_without_a_size_offers_any_quantity_always(quote: Make) -> None:
    fed = Fed(quote("93", "94"))
    fed.book.changes()
    fed.book.take(Side.BUY, fed.market().asks[0], Decimal(3))
    assert fed.market().asks[0].left is None
    assert fed.book.changes() == []


def test_a_quote_of_another_exchange_leaves_what_was_taken(quote: Make) -> None:
    fed = Fed(quote("93", "94", ask_size="7"))
    fed.book.take(Side.BUY, fed.market().asks[0], Decimal(3))
    fed.take(quote("93", "95", exchange="NYSE", offset=1))
    assert [level.left for level in fed.market().asks] == [4, None]


def test_the_oldest_usable_quote_is_the_next_to_be_too_old(quote: Make) -> None:
    first: Quote = quote(exchange="NYSE")
    fed = Fed(first).take(quote(at=1, offset=1))
    us = first.time_us
    assert fed.book.next_stale_us(us + HOUR) == us + HOUR + 1
    assert fed.book.next_stale_us(us + HOUR + 1) == us + SECOND + HOUR + 1
    assert fed.book.next_stale_us(us + SECOND + HOUR + 1) is None


def test_accepting_a_quote_returns_the_clock(quote: Make) -> None:
    fed = Fed(quote(at=10))
    assert fed.book.accept(quote(at=5, exchange="NYSE"), LOG_US + SECOND) == quote(at=11).time_us
    assert fed.book.accept(quote(at=5, exchange="NYSE"), LOG_US + SECOND) is None


def test_changes_are_the_quotes_and_the_clock_that_are_new_since_the_last_call(quote: Make) -> None:
    market = Fed(quote(exchange="NYSE")).take(quote(offset=1))
    assert keys(market.book.changes()) == [
        "quote 3:IVE,4:NYSE",
        "quote 3:IVE,6:NASDAQ",
        "clock 3:IVE",
        "reference 3:IVE",
    ]
    assert market.book.changes() == []
    market.take(quote("1", "2", offset=2))
    (held,) = market.book.changes()  # its time is the clock's already; it is too wide for a reference price
    assert isinstance(held, HeldQuote)
    assert held.quote.bid == "1"


def test_as_of_names_each_partition_once_and_leaves_out_what_is_too_old(quote: Make) -> None:
    fed = Fed(quote(exchange="BATS", partition=3, offset=50))
    fed.take(
        quote(exchange="NYSE", partition=2, offset=98, at=10),
        quote(exchange="ARCA", partition=0, offset=7, at=10),
        quote(exchange="IEX", partition=2, offset=41, at=20),
    )
    now_us = fed.book.clock.now(LOG_US)
    assert fed.book.as_of(now_us) == "0-8 2-99 3-51"
    assert fed.book.as_of(now_us + HOUR - 15 * SECOND) == "0-8 2-99"
    assert fed.book.as_of(now_us + HOUR) == "2-42"
    assert fed.book.as_of(now_us + 2 * HOUR) is None
