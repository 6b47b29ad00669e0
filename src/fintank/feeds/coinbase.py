"""Coinbase Exchange: the best bid and ask at each match.

https://docs.cdp.coinbase.com/exchange/websocket-feed/channels: the channels `ticker`, with sizes, time and
trade_id, and `heartbeat`, each second with the last trade_id, which shows when a ticker was missed. One must
subscribe within 5 seconds. Messages of other types are to be ignored. Between two matches the best prices can
move unseen; the channels of the book (level2) would show it, but begin with all of it, megabytes a product.
"""

import json
from collections.abc import Sequence
from typing import Any

from fintank.feeds.exchange import (
    FeedMessage,
    Heartbeat,
    Ignored,
    SubscriptionError,
    VenueQuote,
    iso_us,
)


class Coinbase:
    """Symbols are written as Coinbase does: BTC-USD."""

    name = "COINBASE"
    url = "wss://ws-feed.exchange.coinbase.com"
    sends_every_change = False

    def __init__(self) -> None:
        self._last_trade: dict[str, int] = {}

    def subscriptions(self, symbols: Sequence[str]) -> list[str]:
        """Return one subscribe for both channels."""
        self._last_trade.clear()
        return [
            json.dumps(
                {
                    "type": "subscribe",
                    "product_ids": [symbol.upper() for symbol in symbols],
                    "channels": ["ticker", "heartbeat"],
                }
            )
        ]

    def parsed(self, text: str) -> FeedMessage:
        """Read a message of the feed."""
        message: dict[str, Any] = json.loads(text)
        kind = message["type"]
        if kind == "error":
            reason = message.get("reason", message.get("message"))
            raise SubscriptionError(f"Coinbase refused the subscription: {reason}")
        if kind == "ticker":
            self._last_trade[message["product_id"]] = message["trade_id"]
            return VenueQuote(
                symbol=message["product_id"],
                bid=message["best_bid"],
                ask=message["best_ask"],
                bid_size=message.get("best_bid_size"),
                ask_size=message.get("best_ask_size"),
                time_us=iso_us(message["time"]),
                sequence=message["sequence"],
            )
        if kind == "heartbeat":
            return Heartbeat(iso_us(message["time"]), self._missed(message))
        return Heartbeat() if kind == "subscriptions" else Ignored(str(kind))

    def _missed(self, heartbeat: dict[str, Any]) -> int:
        """Return how many trades, each with a ticker, came and went unseen since the last heartbeat."""
        symbol, latest = heartbeat["product_id"], int(heartbeat["last_trade_id"])
        seen = self._last_trade.get(symbol, latest)
        self._last_trade[symbol] = max(seen, latest)
        return max(latest - seen, 0)
