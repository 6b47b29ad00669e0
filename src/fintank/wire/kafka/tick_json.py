"""Single ticks: reading one record of the topic `ticks`, and writing one. Batches go through `ticks`.

The fields are in the order of the original 2015 messages.
"""

import json
from collections.abc import Callable
from decimal import Decimal

from fintank.trading.decimals import plain, seconds_text
from fintank.trading.messages import Quote
from fintank.wire.kafka.fields import Fields, MalformedError, parsed
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason


def from_record(record: Record, allows_negative: Callable[[str], bool] = lambda _: False) -> Quote:
    """Read a tick as the quote that the rule engine gets; ValueError if it is not a tick.

    allows_negative: whether 0 and less are prices of a symbol.
    """
    fields = parsed(record.text)
    is_any_price = allows_negative(fields.symbol("symbol"))
    bid, bid_size = _side(fields, "bid", is_any_price)
    ask, ask_size = _side(fields, "ask", is_any_price)
    return Quote(
        symbol=fields.symbol("symbol"),
        exchange=fields.symbol("exchange"),
        time_us=min(fields.time_us("timestamp"), record.time_ms * 1000),
        partition=record.partition,
        offset=record.offset,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
    )


def tick_of_numbers(symbol: str, exchange: str, bid: str, ask: str, time_us: int) -> bytes:
    """Write a tick with JSON numbers as prices, given here as text; `time_us` is since the epoch."""
    return (
        f'{{"ask": {ask}, "timestamp": {seconds_text(time_us)}, "symbol": {json.dumps(symbol)}, '
        f'"bid": {bid}, "exchange": {json.dumps(exchange)}}}'
    ).encode()


def tick_of_texts(quote: Quote) -> bytes:
    """Write a quote as a tick with JSON strings as numbers, so that every digit survives."""
    sizes = (f', "bid_size": "{quote.bid_size}"' if quote.bid_size else "") + (
        f', "ask_size": "{quote.ask_size}"' if quote.ask_size else ""
    )
    names = {name: json.dumps(getattr(quote, name)) for name in ("ask", "symbol", "bid", "exchange")}
    return (
        f'{{"ask": {names["ask"]}, "timestamp": {seconds_text(quote.time_us)}, "symbol": {names["symbol"]}, '
        f'"bid": {names["bid"]}, "exchange": {names["exchange"]}{sizes}}}'
    ).encode()


def _side(fields: Fields, name: str, is_any_price: bool) -> tuple[str | None, str | None]:
    """Read a price and its size; two times None for an empty side."""
    price, size = _number(fields, name), _number(fields, f"{name}_size")
    if price is not None and price < 0 and not is_any_price:
        raise MalformedError(Reason.NOT_POSITIVE, field=name, value=str(price))
    if size is not None and size < 0:
        raise MalformedError(Reason.NEGATIVE, field=f"{name}_size", value=str(size))
    if price is None or size == 0 or (price == 0 and not is_any_price):
        return None, None
    return plain(price), None if size is None else plain(size)


def _number(fields: Fields, name: str) -> Decimal | None:
    return fields.number(name) if fields.has(name) else None
