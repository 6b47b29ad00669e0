"""Binance spot: best bids and asks as they change.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: streams `<symbol>@bookTicker`,
which carry an update id but no time, and `<symbol>@miniTicker`, once a second with the exchange's time.
Binance pings every 20 seconds and closes a connection after 24 hours, which it announces by serverShutdown.
"""

import json
from collections.abc import Sequence
from typing import Any

from fintank.feeds.exchange import FeedMessage, Heartbeat, Ignored, SubscriptionError, VenueQuote


class Binance:
    """Symbols are written as Binance does: BTCUSDT."""

    name = "BINANCE"
    url = "wss://stream.binance.com:9443/ws"
    sends_every_change = True

    def subscriptions(self, symbols: Sequence[str]) -> list[str]:
        """Return one SUBSCRIBE for all symbols."""
        streams = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in ("bookTicker", "miniTicker")]
        return [json.dumps({"method": "SUBSCRIBE", "params": streams, "id": 1})]

    def parsed(self, text: str) -> FeedMessage:
        """Read a message of the raw stream."""
        message: dict[str, Any] = json.loads(text)
        refusal = message.get("error", message if "code" in message else None)
        if refusal is not None:
            raise SubscriptionError(f"Binance refused the subscription: {refusal.get('msg', refusal)}")
        kind = message.get("e", "bookTicker" if "u" in message and "b" in message else None)
        if kind == "bookTicker":
            return VenueQuote(
                symbol=message["s"],
                bid=message["b"],
                ask=message["a"],
                bid_size=message["B"],
                ask_size=message["A"],
                sequence=message["u"],
            )
        if kind == "24hrMiniTicker":
            return Heartbeat(message["E"] * 1000)
        if "result" in message:
            return Heartbeat()
        return Ignored(str(kind or "unknown message"))
