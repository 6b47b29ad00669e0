"""Your own JSON feed, described in feeds.toml without code.

    [desk]
    url = "wss://quotes.example.com/stream"
    exchange = "DESK"
    subscribe = '{"op": "subscribe", "symbols": {symbols}}'
    symbol = "data.sym"
    bid = "data.bids.0.price"
    ask = "data.asks.0.price"

A path leads to a field: names of objects and indices of lists, joined by dots. Optional are bid_size,
ask_size, sequence, and time with time_unit: s, ms, us, ns or iso. {symbols} in subscribe becomes the JSON
list of the symbols; without subscribe nothing is sent. A message without the symbol's field is ignored.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from fintank import toml_file
from fintank.feeds.exchange import FeedMessage, Ignored, VenueQuote, iso_us
from fintank.wire import toml_keys
from fintank.wire.kafka.fields import SYMBOL_ALLOWED, is_symbol
from fintank.wire.toml_keys import Key, shown_name

DIGITS_MAX = 30
"""The most digits of a time or a sequence number."""
_UNITS: Mapping[str, Decimal] = {
    "s": Decimal(1_000_000),
    "ms": Decimal(1_000),
    "us": Decimal(1),
    "ns": Decimal("0.001"),
}


class OwnFeed:
    """One table of feeds.toml."""

    sends_every_change = True

    def __init__(self, table: Mapping[str, str]) -> None:
        self.name = table["exchange"]
        self.url = table["url"]
        self._table = table

    def subscriptions(self, symbols: Sequence[str]) -> list[str]:
        """Return the text of subscribe with the symbols in it."""
        text = self._table.get("subscribe")
        return [] if text is None else [text.replace("{symbols}", json.dumps(list(symbols)))]

    def parsed(self, text: str) -> FeedMessage:
        """Read a message by the paths of its fields."""
        message = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        symbol = self._value(message, "symbol")
        if not isinstance(symbol, str):
            return Ignored("message without a symbol")
        sequence = self._value(message, "sequence")
        return VenueQuote(
            symbol=symbol,
            **{name: self._number(message, name) for name in ("bid", "ask", "bid_size", "ask_size")},
            time_us=self._time_us(message),
            sequence=None if sequence is None else _whole(Decimal(sequence)),
        )

    def _value(self, message: Any, name: str) -> Any:
        """Return what is at the end of a field's path, None if nothing is."""
        value = message
        for part in self._table.get(name, "").split("."):
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return value

    def _number(self, message: Any, name: str) -> str | None:
        value = self._value(message, name)
        return None if value is None else str(value)

    def _time_us(self, message: Any) -> int | None:
        value = self._value(message, "time")
        if value is None:
            return None
        unit = self._table.get("time_unit", "s")
        return iso_us(value) if unit == "iso" else _whole(Decimal(value) * _UNITS[unit])


def _whole(number: Decimal) -> int:
    """Cut a number to a whole one; ValueError if it has more than DIGITS_MAX digits."""
    if not number.is_finite() or number.adjusted() >= DIGITS_MAX:
        raise ValueError(f"{number:.3E} is out of range")
    return int(number)


def _exchange(value: object) -> str:
    if not isinstance(value, str) or not is_symbol(value):
        raise ValueError
    return value


def _unit(value: object) -> str:
    if value not in (*_UNITS, "iso"):
        raise ValueError
    return str(value)


_KEYS: Mapping[str, Key] = {
    "url": toml_keys.text("url", is_required=True),
    "exchange": Key("exchange", _exchange, f"the name of an exchange, {SYMBOL_ALLOWED}"),
    **{name: toml_keys.text(name, is_required=True) for name in ("symbol", "bid", "ask")},
    **{name: toml_keys.text(name) for name in ("subscribe", "bid_size", "ask_size", "sequence", "time")},
    "time_unit": Key("time_unit", _unit, "s, ms, us, ns or iso", False),
}


def load(path: Path) -> dict[str, OwnFeed]:
    """Read feeds.toml, if it is there; FintankError of one line if it is wrong."""
    if not path.exists():
        return {}
    tables = toml_file.parsed(toml_file.text(path, "docs/producers.md has an example"), str(path))
    keys = {name: toml_keys.table(name, _KEYS, f"{path}: {shown_name(name)}") for name in tables}
    return {name: OwnFeed(found) for name, found in toml_keys.fields(tables, keys, str(path)).items()}
