from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading.depth import Depth, Level, is_worse
from fintank.trading.messages import Side

Make = Callable[..., Any]


def venues(levels: list[Level]) -> str:
    return "".join(level.quote.exchange for level in levels)


def test_without_a_quote_there_is_no_market() -> None:
    market = Depth()
    assert (market.bid, market.ask, market.crossing) == (None, None, [])


def test_levels_are_sorted_by_price_then_size_then_age(market: Make) -> None:
    made = market(
        ("93", "96", {"bid_size": "1", "ask_size": "9"}),
        ("94", "95"),
        ("93.0", "96.0", {"bid_size": "2", "ask_size": "10"}),
        ("93", "96"),
        ("93", "96", {"bid_size": "1", "ask_size": "9"}),
        ("94", "95", {"bid_size": "0", "ask_size": "0"}),
    )
    assert venues(made.bids) == "FBCAED"
    assert venues(made.asks) == "FBCAED"
    assert (made.levels(Side.BUY), made.levels(Side.SELL)) == (made.asks, made.bids)
    assert (made.best(Side.BUY), made.best(Side.SELL), made.ask, made.bid) == (95, 94, 95, 94)


def test_a_quote_that_crosses_itself_is_left_out(market: Make) -> None:
    made = market(("95", "94.9"), ("93", "96"))
    assert (venues(made.bids), venues(made.asks)) == ("B", "B")
    assert [quote.exchange for quote in made.crossing] == ["A"]
    made = market(("93", "94"), ("95", "94.5"))
    assert (venues(made.bids), venues(made.asks)) == ("A", "A"), "only the one that crosses itself"


def test_of_two_quotes_that_cross_the_older_is_left_out_again_and_again(market: Make) -> None:
    made = market(("102", "103"), ("99", "100"), ("100.5", "101"), ("98", "100.4"))
    assert (venues(made.bids), venues(made.asks)) == ("D", "D")
    assert [quote.exchange for quote in made.crossing] == ["A", "C"] or [
        quote.exchange for quote in made.crossing
    ] == ["A", "B", "C"]


def test_a_locked_market_is_not_crossed(market: Make) -> None:
    made = market(("94", "95"), ("93", "94"))
    assert (made.bid, made.ask, made.crossing) == (94, 94, [])


def test_an_empty_side_has_no_level_and_crosses_nothing(market: Make) -> None:
    made = market((None, "94"), ("95", None, {"bid_size": "3"}), ("93", None))
    assert (venues(made.bids), venues(made.asks)) == ("BC", "")
    assert [quote.exchange for quote in made.crossing] == ["A"]
    assert market((None, "94"), ("93", None)).crossing == []


def test_a_level_offers_what_is_left_and_without_a_size_anything(quote: Make) -> None:
    sized, unsized = (Level(Decimal(9), quote(), left) for left in (Decimal(5), None))
    assert [sized.offers(Decimal(number)) for number in (4, 5, 6)] == [True, True, False]
    assert unsized.offers(Decimal(10**9))


@pytest.mark.parametrize(("side", "prices"), [("BUY", [False, False, True]), ("SELL", [True, False, False])])
def test_a_limit_is_the_worst_price(side: str, prices: list[bool]) -> None:
    limit = Decimal(10)
    assert [is_worse(Decimal(price), limit, Side(side)) for price in (9, 10, 11)] == prices
    assert not is_worse(Decimal(10), None, Side(side))
