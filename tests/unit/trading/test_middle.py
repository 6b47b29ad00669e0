"""The middle of the NBBO and what crosses it, which are found with floats first."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from fintank.trading import quote_book
from fintank.trading.changes import SymbolClock
from fintank.trading.clock import Clock, ClockState
from fintank.trading.limits import Limits
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.trading.reference_price import middle_of

Make = Callable[..., Any]
SECOND = 1_000_000
AGE_US = 300 * SECOND
PRICES = (None, "10", "10.0", "10.00000000000000000001", "9.99999999999999999999", "10.5")
"""Those between the first and the last are equal as floats."""


def book_of(*quotes: Any) -> QuoteBook:
    """A book with these quotes at log time 0."""
    book = QuoteBook("IVE", Clock(ClockState(quotes[0].time_us, 0)), Limits(), Counts())
    for quote in quotes:
        book.accept(quote, 0)
    return book


def markets(quote: Make) -> Iterator[QuoteBook]:
    """Two exchanges with all these prices on all their sides."""
    for prices in product(PRICES, repeat=4):
        yield book_of(quote(*prices[:2], exchange="NYSE"), quote(*prices[2:], exchange="ARCA"))


def test_the_middle_and_what_crosses_are_those_of_the_exact_prices(quote: Make) -> None:
    for book in markets(quote):
        now_us = book.clock.now(0)
        market = book.market(now_us)
        assert book.middle(now_us) == middle_of(market.bid, market.ask)
        assert list(book.crossing(now_us)) == list(market.crossing)


def test_prices_are_compared_exactly_only_if_they_are_the_same_as_floats(
    quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact: list[int] = []
    monkeypatch.setattr(QuoteBook, "_exact_middle", lambda _book, now_us: exact.append(now_us))
    book = book_of(quote("93", "96", exchange="NYSE"), quote("94", "95.5", exchange="ARCA"))
    book.accept(quote("92", "95", exchange="BATS"), 0)
    book.accept(quote("94", "95", exchange="IEX"), 0)
    assert (book.middle(book.clock.now(0)), exact) == (Decimal("94.5"), [])
    book.accept(quote("94.0", "96", exchange="EDGX"), 0)
    exact.clear()
    assert (book.middle(book.clock.now(0)), len(exact)) == (None, 1)


def test_the_middle_of_the_same_prices_is_computed_once(quote: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[Decimal | None, Decimal | None]] = []
    monkeypatch.setattr(
        quote_book, "middle_of", lambda *prices: computed.append(prices) or middle_of(*prices)
    )
    book = book_of(quote("94", "95"))
    for offset, prices in enumerate((("94", "95"), ("93.9", "95"), ("93.9", "95.1"), ("94", "95")), 1):
        book.accept(quote(*prices, offset=offset), 0)
        for _ in range(2):
            assert book.middle(book.clock.now(0)) == sum(map(Decimal, prices)) / 2
    assert [tuple(map(str, each)) for each in computed] == [
        ("94", "95"),
        ("93.9", "95"),
        ("93.9", "95.1"),
        ("94", "95"),
    ]


def test_a_quote_counts_up_to_its_age(quote: Make) -> None:
    book = book_of(quote("97", "95"))
    assert [each.bid for each in book.crossing(book.clock.now(AGE_US))] == ["97"]
    assert list(book.crossing(book.clock.now(AGE_US + 1))) == []
    book = book_of(quote("94", "95"))
    assert book.middle(book.clock.now(AGE_US)) == Decimal("94.5")
    assert book.middle(book.clock.now(AGE_US + 1)) is None


def test_a_book_is_due_when_its_quotes_are_too_old_or_something_may_be_forgotten(quote: Make) -> None:
    book = book_of(quote("94", "95"))
    assert [book.is_due(AGE_US + each) for each in (0, 1)] == [False, True]
    book.keep_until_us = book.clock.now(7)
    assert [book.is_due(7 + each) for each in (0, 1)] == [False, True]


def test_of_a_new_book_nothing_was_forgotten(quote: Make) -> None:
    book = book_of(quote("94", "95"))
    assert SymbolClock("IVE", book.clock.state, 0) in book.changes()
