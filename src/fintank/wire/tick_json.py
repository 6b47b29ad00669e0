"""Writing a tick as the JSON record of the topic `ticks`, in the original's order of fields."""

from fintank.trading.exact import seconds_text


def tick_of_numbers(symbol: str, exchange: str, bid: str, ask: str, time_us: int) -> bytes:
    """Write a tick whose prices, given as text, are JSON numbers; `time_us` is since the epoch."""
    return (
        f'{{"ask": {ask}, "timestamp": {seconds_text(time_us)}, "symbol": "{symbol}", '
        f'"bid": {bid}, "exchange": "{exchange}"}}'
    ).encode()


def tick_of_texts(
    *, symbol: str, exchange: str, bid: str, ask: str, time_us: int, bid_size: str, ask_size: str
) -> bytes:
    """Write a tick whose numbers are JSON strings, so that each digit survives; an empty size is left out."""
    sizes = (f', "bid_size": "{bid_size}"' if bid_size else "") + (
        f', "ask_size": "{ask_size}"' if ask_size else ""
    )
    return (
        f'{{"ask": "{ask}", "timestamp": {seconds_text(time_us)}, "symbol": "{symbol}", '
        f'"bid": "{bid}", "exchange": "{exchange}"{sizes}}}'
    ).encode()
