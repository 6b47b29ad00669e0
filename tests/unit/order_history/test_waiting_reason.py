from datetime import UTC, datetime
from typing import Any

import factories as make
import pytest

from fintank.order_history.waiting_reason import of_order, of_symbol
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.limits import Limits
from fintank.trading.messages import Quote
from fintank.trading.sessions import Session, Sessions

NOW_US = 1_700_000_000_000_000
LIMITS = Limits()
AGE_US = LIMITS.max_quote_age_us


def quote(exchange: str, bid: str | None, ask: str | None, ask_size: str | None = None) -> tuple[Quote, int]:
    return Quote("IVE", exchange, NOW_US, 0, 1, bid, ask, None, ask_size), NOW_US


def limits_of(*edges_us: int) -> Limits:
    sessions = Sessions("XNYS", [Session(edges_us)])
    return Limits(instruments=Instruments(default=Instrument(sessions=sessions)))


def test_without_a_recent_quote_an_order_waits() -> None:
    told = "no quote is younger than 300 s (max_quote_age_ms)"
    assert of_symbol("IVE", [], NOW_US, LIMITS) == told
    assert of_order(make.order("1"), [], NOW_US, LIMITS) == told


def test_with_a_price_an_order_has_no_reason_to_wait() -> None:
    quotes = [quote("NYSE", "94.10", "94.20"), quote("NASDAQ", "94.20", "94.30")]
    assert of_symbol("IVE", quotes, NOW_US, LIMITS) is None
    assert of_order(make.order("1", price="94.20"), quotes, NOW_US, LIMITS) is None


def test_the_venues_that_cross_are_named() -> None:
    crossed = [quote("NYSE", "99.2", None), quote("ARCA", None, "99.1")]
    told = "the NBBO is crossed: NYSE bid 99.2 above ARCA ask 99.1"
    assert of_symbol("IVE", crossed, NOW_US, LIMITS) == told
    itself = [quote("NYSE", "94.20", "94.10")]
    assert (
        of_symbol("IVE", itself, NOW_US, LIMITS) == "the NBBO is crossed: NYSE bid 94.2 above NYSE ask 94.1"
    )


def test_with_stale_quotes_an_order_waits() -> None:
    quotes = [quote("NYSE", "94.10", "94.20")]
    assert of_symbol("IVE", quotes, NOW_US + AGE_US, LIMITS) is None
    assert of_symbol("IVE", quotes, NOW_US + AGE_US + 1, LIMITS) == "a side has no quote that is new enough"


def test_only_the_orders_own_side_counts() -> None:
    quotes = [quote("NYSE", None, "94.20")]
    assert of_order(make.order("1"), quotes, NOW_US, LIMITS) is None
    told = "a side has no quote that is new enough"
    assert of_order(make.order("1", side="SELL"), quotes, NOW_US, LIMITS) == told


def test_an_order_may_wait_for_more_than_the_displayed_size() -> None:
    quotes = [quote("NYSE", "94.10", "94.20", ask_size="5")]
    reason = "the quotes have sizes, and no more than the displayed size is traded"
    assert of_symbol("IVE", quotes, NOW_US, LIMITS) == reason
    assert of_order(make.order("10"), quotes, NOW_US, LIMITS) == reason


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"price": "94"}, "the best ask 94.2 is above its limit 94"),
        ({"price": "95", "side": "SELL"}, "the best bid 94.1 is below its limit 95"),
        ({"stop_px": "95"}, "the best ask 94.2 is below its stop 95"),
        ({"stop_px": "94", "side": "SELL"}, "the best bid 94.1 is above its stop 94"),
    ],
)
def test_a_price_that_is_not_reached_is_told(given: dict[str, Any], told: str) -> None:
    quotes = [quote("NYSE", "94.10", "94.20", ask_size="5")]
    assert of_order(make.order("10", **given), quotes, NOW_US, LIMITS) == told


def test_an_order_waits_for_its_session() -> None:
    opens_us = int(datetime(2023, 11, 15, 14, 30, tzinfo=UTC).timestamp()) * 1_000_000
    later = limits_of(opens_us, opens_us + 1)
    quotes = [quote("NYSE", "94.10", "94.20")]
    told = "the session opens at 2023-11-15T14:30:00.000Z"
    assert of_order(make.order("1"), quotes, NOW_US, later) == told
    assert of_symbol("IVE", [], NOW_US, later) == told
    assert of_symbol("IVE", quotes, NOW_US, limits_of(NOW_US, NOW_US + 1)) is None
    over = "the calendar XNYS knows no later session"
    assert of_symbol("IVE", quotes, NOW_US, limits_of(NOW_US - 1, NOW_US)) == over
