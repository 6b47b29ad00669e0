"""Single ticks: reading one record of the topic `ticks`, and writing one. Batches go through `ticks`.

The fields are in the order of the original 2015 messages.
"""

import json
from decimal import Decimal

from fintank.trading.decimals import plain, seconds_text
from fintank.trading.messages import Quote
from fintank.wire.bolts import owner_ticks
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.tick_record import SIZES, AllowsNegative, only_positive
from fintank.wire.kafka.ticks import to_lines


def from_record(record: Record, allows_negative: AllowsNegative = only_positive) -> Quote:
    """Read a tick as the quote that the rule engine gets, with its numbers in plain notation.

    ValueError, with reason and detail, if the tick-deserializer makes a reject of it. allows_negative:
    whether 0 and less are prices of a symbol.
    """
    offsets = f"{record.offset},1,{record.time_ms}"
    batch = to_lines(record.topic, record.partition, offsets, record.text, allows_negative)
    for reject in batch.rejects:
        raise ValueError(f"{reject.reason} {reject.detail}".rstrip())
    (quote,) = owner_ticks.quotes(record.partition, batch.quotes[0])
    bid, ask, bid_size, ask_size = map(_plain, (quote.bid, quote.ask, quote.bid_size, quote.ask_size))
    return quote._replace(bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def _plain(text: str | None) -> str | None:
    return None if text is None else plain(Decimal(text))


def tick_of_numbers(symbol: str, exchange: str, bid: str, ask: str, time_us: int) -> bytes:
    """Write a tick with JSON numbers as prices, given here as text; `time_us` is since the epoch."""
    return _tick(symbol, exchange, bid, ask, time_us)


def tick_of_texts(quote: Quote) -> bytes:
    """Write a quote as a tick with JSON strings as numbers, so that every digit survives."""
    sizes = "".join(f', "{name}": "{size}"' for name in SIZES if (size := getattr(quote, name)))
    bid, ask = json.dumps(quote.bid), json.dumps(quote.ask)
    return _tick(quote.symbol, quote.exchange, bid, ask, quote.time_us, sizes=sizes)


def _tick(symbol: str, exchange: str, bid: str, ask: str, time_us: int, *, sizes: str = "") -> bytes:
    return (
        f'{{"ask": {ask}, "timestamp": {seconds_text(time_us)}, "symbol": {json.dumps(symbol)}, '
        f'"bid": {bid}, "exchange": {json.dumps(exchange)}{sizes}}}'
    ).encode()
