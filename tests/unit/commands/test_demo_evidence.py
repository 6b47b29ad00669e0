from fintank.commands.demo_evidence import wait_reason
from fintank.trading.limits import HOUR_US
from fintank.trading.messages import Quote

NOW_US = 1_700_000_000_000_000


def quote(exchange: str, bid: str, ask: str, time_us: int = NOW_US) -> tuple[Quote, int]:
    return Quote("IVE", exchange, time_us, 0, 1, bid, ask, None, None), NOW_US


def test_without_a_quote_an_order_waits() -> None:
    assert wait_reason([], NOW_US) == "there is no quote"


def test_with_a_price_an_order_has_no_reason_to_wait() -> None:
    assert wait_reason([quote("NYSE", "94.10", "94.20"), quote("NASDAQ", "94.20", "94.30")], NOW_US) is None


def test_while_the_best_bid_is_above_the_best_ask_an_order_waits() -> None:
    quotes = [quote("NYSE", "94.10", "94.20"), quote("NASDAQ", "94.21", "94.30")]
    assert wait_reason(quotes, NOW_US) == "the best bid is above the best ask"


def test_with_quotes_that_have_become_too_old_an_order_waits() -> None:
    assert wait_reason([quote("NYSE", "94.10", "94.20")], NOW_US + HOUR_US) is None
    assert wait_reason([quote("NYSE", "94.10", "94.20")], NOW_US + HOUR_US + 1) == "the quotes are too old"
