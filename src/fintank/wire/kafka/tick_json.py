"""Single ticks: reading one record of the topic `ticks`, and writing one. Batches go through `ticks`.

The fields are in the order of the original 2015 messages.
"""

from fintank.trading.decimals import plain, seconds_text
from fintank.trading.messages import Quote
from fintank.wire.kafka.fields import Fields, parsed
from fintank.wire.kafka.records import Record


def from_record(record: Record) -> Quote:
    """Read a tick as a quote; ValueError if it is not a tick."""
    fields = parsed(record.text)
    return Quote(
        symbol=fields.symbol("symbol"),
        exchange=fields.symbol("exchange"),
        time_us=fields.time_us("timestamp"),
        partition=record.partition,
        offset=record.offset,
        bid=_number(fields, "bid"),
        ask=_number(fields, "ask"),
        bid_size=_number(fields, "bid_size") if fields.has("bid_size") else None,
        ask_size=_number(fields, "ask_size") if fields.has("ask_size") else None,
    )


def tick_of_numbers(symbol: str, exchange: str, bid: str, ask: str, time_us: int) -> bytes:
    """Write a tick with JSON numbers as prices, given here as text; `time_us` is since the epoch."""
    return (
        f'{{"ask": {ask}, "timestamp": {seconds_text(time_us)}, "symbol": "{symbol}", '
        f'"bid": {bid}, "exchange": "{exchange}"}}'
    ).encode()


def tick_of_texts(quote: Quote) -> bytes:
    """Write a quote as a tick with JSON strings as numbers, so that every digit survives."""
    sizes = (f', "bid_size": "{quote.bid_size}"' if quote.bid_size else "") + (
        f', "ask_size": "{quote.ask_size}"' if quote.ask_size else ""
    )
    return (
        f'{{"ask": "{quote.ask}", "timestamp": {seconds_text(quote.time_us)}, "symbol": "{quote.symbol}", '
        f'"bid": "{quote.bid}", "exchange": "{quote.exchange}"{sizes}}}'
    ).encode()


def _number(fields: Fields, name: str) -> str:
    return plain(fields.number(name))
