"""Ticks as the rule engine gets them."""

import json

import pytest

from fintank.trading.messages import Quote
from fintank.wire.bolts.owner_ticks import by_owner, quotes
from fintank.wire.kafka.ticks import to_lines

PLAIN = "IVE NASDAQ 1438539936355217 42 93.97388 94.190756".replace(" ", "\t")
SIZED = "AAPL  261218C00150000\tNYSE\t1438539936355217\t43\t1e-7\t94.10\t2\t1.50"
PLAIN_QUOTE = Quote("IVE", "NASDAQ", 1438539936355217, 3, 42, "93.97388", "94.190756", None, None)
SIZED_QUOTE = Quote("AAPL  261218C00150000", "NYSE", 1438539936355217, 3, 43, "1e-7", "94.10", "2", "1.50")


def test_a_tick_is_a_quote_whose_numbers_keep_their_text():
    assert quotes(3, PLAIN) == [PLAIN_QUOTE]
    assert quotes(3, SIZED) == [SIZED_QUOTE]
    assert type(quotes(3, PLAIN)[0]) is Quote


def test_many_ticks_keep_their_order():
    assert quotes(3, f"{PLAIN}\n{PLAIN}") == [PLAIN_QUOTE, PLAIN_QUOTE]
    assert quotes(3, f"{SIZED}\n{SIZED}") == [SIZED_QUOTE, SIZED_QUOTE]


def test_ticks_with_and_without_sizes_can_be_mixed():
    one_size = SIZED.replace("\t2\t", "\t-\t")
    assert quotes(3, f"{PLAIN}\n{SIZED}\n{one_size}\n{PLAIN}") == [
        PLAIN_QUOTE,
        SIZED_QUOTE,
        SIZED_QUOTE._replace(bid_size=None),
        PLAIN_QUOTE,
    ]
    swapped = [SIZED.replace("\t2\t", "\t-\t"), SIZED.replace("\t1.50", "\t-")]
    assert [(quote.bid_size, quote.ask_size) for quote in quotes(3, "\n".join(swapped))] == [
        (None, "1.50"),
        ("2", None),
    ]


@pytest.mark.parametrize(
    "lines", ["x", PLAIN + "\t1", PLAIN + "\n", PLAIN.replace("\t42\t", "\tx\t"), PLAIN.replace("IVE\t", "")]
)
def test_a_malformed_line_is_an_error(lines):
    with pytest.raises(ValueError):  # noqa: PT011 - each its own
        quotes(3, lines)


def test_an_empty_side_has_no_price():
    lines = f"{PLAIN}\n{PLAIN.replace('93.97388', '-')}"
    assert quotes(3, lines) == [PLAIN_QUOTE, PLAIN_QUOTE._replace(bid=None)]


def records(*symbols, **more):
    time_s = 1438539936.355217
    ticks = [
        {"symbol": s, "exchange": "NYSE", "bid": 1.5, "ask": "1.60", "timestamp": time_s, **more}
        for s in symbols
    ]
    return "\n".join(map(json.dumps, ticks))


def test_each_owner_gets_its_ticks_in_order():
    batch = to_lines("ticks", 3, "7,4,1438539937000", records("A", "B", "C", "A"))
    found = by_owner(batch, {"A": 0, "B": 1, "C": 0}.get, 3)
    assert [[quote.symbol for quote in quotes(3, lines)] for lines in found] == [["A", "C", "A"], ["B"], []]
    assert [quote.offset for quote in quotes(3, found[0])] == [7, 9, 10]


def test_a_tick_becomes_the_quote_of_its_record():
    batch = to_lines("ticks", 3, "7,1,1438539937000", records("A", bid_size=5))
    (quote,) = quotes(3, by_owner(batch, lambda _: 0, 1)[0])
    assert quote == Quote("A", "NYSE", 1438539936355217, 3, 7, "1.5", "1.60", "5", None)


def test_a_reject_between_ticks_does_not_shift_their_offsets():
    text = f"{records('A')}\nnot json\n{records('B')}"
    batch = to_lines("ticks", 3, "7,3,1438539937000", text)
    found = quotes(3, by_owner(batch, lambda _: 0, 1)[0])
    assert [(quote.symbol, quote.offset, quote.time_us) for quote in found] == [
        ("A", 7, 1438539936355217),
        ("B", 9, 1438539936355217),
    ]
