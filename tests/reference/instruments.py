"""Instruments and their sessions."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from reference.numbers import MICROSECONDS, number


@dataclass
class Instrument:
    """What instruments.toml says of a symbol. sessions: the edges of each in microseconds, None for 24/7."""

    lot_size: Fraction
    currency: str
    tick_size: Fraction | None = None
    min_qty: Fraction | None = None
    multiplier: Fraction = Fraction(1)
    allow_negative: bool = False
    commission: dict[str, Fraction] = field(default_factory=dict)
    sessions: list[list[int]] | None = None

    def is_open(self, now_us: int | None) -> bool:
        if self.sessions is None or now_us is None:
            return True
        return any(opens <= now_us < closes for opens, closes in self.hours())

    def hours(self) -> list[tuple[int, int]]:
        """Return when it is open, from and to; a session with a break has two parts."""
        assert self.sessions is not None
        return [pair for edges in self.sessions for pair in zip(edges[::2], edges[1::2], strict=True)]

    def next_open_us(self, now_us: int) -> int | None:
        return min((opens for opens, _ in self.hours() if opens > now_us), default=None)

    def close_us(self, time_us: int) -> int | None:
        """Return the close of the session at a time, or of the next one."""
        if self.sessions is None:
            return None
        return min((edges[-1] for edges in self.sessions if edges[-1] > time_us), default=None)

    def money(self, quantity: Fraction, price: Fraction) -> Fraction:
        return quantity * price * self.multiplier

    def costs(self, trades: list[tuple[Fraction, Fraction]]) -> Fraction:
        """Return what an order with these trades, quantities and prices, costs."""
        total = Fraction()
        for quantity, price in trades:
            total += self.commission.get("per_share", Fraction()) * quantity
            total += self.commission.get("rate", Fraction()) * abs(self.money(quantity, price))
        return max(total, self.commission.get("minimum", Fraction())) if trades else Fraction()


class Instruments:
    """The content of instruments.toml, and the sessions of its calendars: edges in seconds."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def of(self, symbol: str) -> Instrument:
        values = dict(self._content["default"])
        for table in self._content.get("instrument", []):
            if any(fits(pattern, symbol) for pattern in table["symbols"]):
                values |= {name: value for name, value in table.items() if name != "symbols"}
                break
        calendar = values.pop("calendar", "24/7")
        if calendar != "24/7":
            edges = self._content["calendars"][calendar]
            values["sessions"] = [[second * MICROSECONDS for second in session] for session in edges]
        costs = values.pop("commission", {})
        values["commission"] = {name: number(value) or Fraction() for name, value in costs.items()}
        exact = ("lot_size", "tick_size", "min_qty", "multiplier")
        return Instrument(
            **{name: number(value) if name in exact else value for name, value in values.items()}
        )


def fits(pattern: str, symbol: str) -> bool:
    """In a pattern * is any text and ? one character."""
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, symbol) is not None
