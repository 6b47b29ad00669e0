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
    assert (market.bid, market.ask, market.is_crossed, market.is_open) == (None, None, False, False)


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


@pytest.mark.parametrize(
    ("bid", "ask", "crossed"), [("94", "94.01", False), ("94", "94", False), ("94.01", "94", True)]
)
def test_a_market_is_open_unless_it_is_crossed(market: Make, bid: str, ask: str, crossed: bool) -> None:
    made = market((bid, "100"), ("90", ask))
    assert (made.is_crossed, made.is_open) == (crossed, not crossed)


def test_the_middle_is_that_of_the_best_prices(market: Make) -> None:
    assert market(("93", "97"), ("94", "95"), ("92", "98")).mid == Decimal("94.5")


def test_the_middle_is_exact(market: Make) -> None:
    assert market(("93.000000000000000000000000000001", "94")).mid == Decimal(
        "93.5000000000000000000000000000005"
    )


def test_a_level_offers_what_is_left_and_without_a_size_anything(quote: Make) -> None:
    sized, unsized = (Level(Decimal(9), quote(), left) for left in (Decimal(5), None))
    assert [sized.offers(Decimal(number)) for number in (4, 5, 6)] == [True, True, False]
    assert unsized.offers(Decimal(10**9))


@pytest.mark.parametrize(("side", "prices"), [("BUY", [False, False, True]), ("SELL", [True, False, False])])
def test_a_limit_is_the_worst_price(side: str, prices: list[bool]) -> None:
    limit = Decimal(10)
    assert [is_worse(Decimal(price), limit, Side(side)) for price in (9, 10, 11)] == prices
    assert not is_worse(Decimal(10), None, Side(side))
