"""Writing a tick as the JSON record of the topic `ticks`, in the original's order of fields."""

from fintank.trading.decimals import seconds_text
from fintank.trading.messages import Quote


def tick_of_numbers(symbol: str, exchange: str, bid: str, ask: str, time_us: int) -> bytes:
    """Write a tick whose prices, given as text, are JSON numbers; `time_us` is since the epoch."""
    return (
        f'{{"ask": {ask}, "timestamp": {seconds_text(time_us)}, "symbol": "{symbol}", '
        f'"bid": {bid}, "exchange": "{exchange}"}}'
    ).encode()


def tick_of_texts(quote: Quote) -> bytes:
    """Write a quote as a tick whose numbers are JSON strings, so that each digit survives."""
    sizes = (f', "bid_size": "{quote.bid_size}"' if quote.bid_size else "") + (
        f', "ask_size": "{quote.ask_size}"' if quote.ask_size else ""
    )
    return (
        f'{{"ask": "{quote.ask}", "timestamp": {seconds_text(quote.time_us)}, "symbol": "{quote.symbol}", '
        f'"bid": "{quote.bid}", "exchange": "{quote.exchange}"{sizes}}}'
    ).encode()
