"""Ticks as the rule engine gets them."""

import pytest

from fintank.trading.messages import Quote
from fintank.wire.owner_ticks import quotes

PLAIN = (
    "bid_ask,exchange=NASDAQ,symbol=IVE bid=93.97388,ask=94.190756 1438539936355217042 3 42 1438539936355217"
)
SIZED = (
    "bid_ask,exchange=NYSE,symbol=EUR/USD bid=1e-7,ask=94.10,bid_size=0,ask_size=1.50 "
    "1438539936355217043 3 43 1438539936355217"
)
PLAIN_QUOTE = Quote("IVE", "NASDAQ", 1438539936355217, 3, 42, "93.97388", "94.190756", None, None)
SIZED_QUOTE = Quote("EUR/USD", "NYSE", 1438539936355217, 3, 43, "1e-7", "94.10", "0", "1.50")


def test_a_tick_is_a_quote_whose_numbers_keep_their_text():
    assert quotes(PLAIN) == [PLAIN_QUOTE]
    assert quotes(SIZED) == [SIZED_QUOTE]
    assert type(quotes(PLAIN)[0]) is Quote


def test_many_ticks_keep_their_order():
    assert quotes(f"{PLAIN}\n{PLAIN}") == [PLAIN_QUOTE, PLAIN_QUOTE]
    assert quotes(f"{SIZED}\n{SIZED}") == [SIZED_QUOTE, SIZED_QUOTE]


def test_ticks_with_and_without_sizes_may_stand_together():
    one_size = SIZED.replace(",bid_size=0", "")
    assert quotes(f"{PLAIN}\n{SIZED}\n{one_size}\n{PLAIN}") == [
        PLAIN_QUOTE,
        SIZED_QUOTE,
        SIZED_QUOTE._replace(bid_size=None),
        PLAIN_QUOTE,
    ]
    swapped = [SIZED.replace(",bid_size=0", ""), SIZED.replace(",ask_size=1.50", "")]
    assert [(quote.bid_size, quote.ask_size) for quote in quotes("\n".join(swapped))] == [
        (None, "1.50"),
        ("0", None),
    ]


@pytest.mark.parametrize(
    "lines", ["", "x", PLAIN + " 1", PLAIN + "\n", PLAIN.replace(" 42 ", " x "), PLAIN.replace(",symbol", "")]
)
def test_what_is_no_such_line_is_an_error(lines):
    with pytest.raises(ValueError):  # noqa: PT011 - each its own
        quotes(lines)
