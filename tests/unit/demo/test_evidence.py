from fintank.demo.evidence import wait_reason
from fintank.trading.limits import Limits
from fintank.trading.messages import Quote

NOW_US = 1_700_000_000_000_000
LIMITS = Limits()
AGE_US = LIMITS.max_quote_age_us


def quote(exchange: str, bid: str, ask: str, ask_size: str | None = None) -> tuple[Quote, int]:
    return Quote("IVE", exchange, NOW_US, 0, 1, bid, ask, None, ask_size), NOW_US


def test_without_a_quote_an_order_waits() -> None:
    assert wait_reason([], NOW_US, LIMITS) == "there is no quote"


def test_with_a_price_an_order_has_no_reason_to_wait() -> None:
    assert (
        wait_reason([quote("NYSE", "94.10", "94.20"), quote("NASDAQ", "94.20", "94.30")], NOW_US, LIMITS)
        is None
    )


def test_with_quotes_that_cross_themselves_an_order_waits() -> None:
    quotes = [quote("NYSE", "94.20", "94.10")]
    assert wait_reason(quotes, NOW_US, LIMITS) == "the quotes cross each other"


def test_with_stale_quotes_an_order_waits() -> None:
    assert wait_reason([quote("NYSE", "94.10", "94.20")], NOW_US + AGE_US, LIMITS) is None
    assert (
        wait_reason([quote("NYSE", "94.10", "94.20")], NOW_US + AGE_US + 1, LIMITS)
        == "a side has no quote that is new enough"
    )


def test_an_order_may_wait_for_more_than_the_displayed_size() -> None:
    quotes = [quote("NYSE", "94.10", "94.20", ask_size="5")]
    reason = "the quotes have sizes, and no more than the displayed size is traded"
    assert wait_reason(quotes, NOW_US, LIMITS) == reason
