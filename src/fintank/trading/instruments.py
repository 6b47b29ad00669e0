"""Instruments: what is true of a symbol wherever it trades; the file instruments.toml says it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

from fintank.trading.decimals import EXACT, ZERO
from fintank.trading.sessions import Sessions

ONE = Decimal(1)
FOUND_KEPT_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Commission:
    """What trading costs, in the instrument's currency.

    per_share: for each unit of quantity. rate: a fraction of the money, 0.001 is a tenth of a percent.
    minimum: the least that an order with a trade pays.
    """

    per_share: Decimal = ZERO
    rate: Decimal = ZERO
    minimum: Decimal = ZERO

    def of_trade(self, quantity: Decimal, money: Decimal) -> Decimal:
        """Return what a trade costs, its order's minimum aside; money may be negative."""
        by_money = EXACT.multiply(self.rate, money.copy_abs())
        return EXACT.add(EXACT.multiply(self.per_share, quantity), by_money)

    def of_order(self, of_trades: Decimal) -> Decimal:
        """Return what an order costs whose trades cost this much."""
        return max(of_trades, self.minimum)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a symbol's orders are held to.

    tick_size: the step of a price, lot_size: of a quantity; min_qty: the smallest quantity of an order. None
    is no limit. multiplier: what a price of 1 costs for a quantity of 1, in currency. sessions: None trades
    at all times.
    """

    tick_size: Decimal | None = None
    lot_size: Decimal = Decimal("0.000001")
    min_qty: Decimal | None = None
    currency: str = "USD"
    multiplier: Decimal = ONE
    allow_negative: bool = False
    commission: Commission = Commission()
    sessions: Sessions | None = None

    def money(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return what a quantity costs at a price, in the instrument's currency."""
        return EXACT.multiply(EXACT.multiply(quantity, price), self.multiplier)

    def is_open(self, now_us: int | None) -> bool:
        """Whether orders trade at a time of the symbol's clock; without a clock they do."""
        return self.sessions is None or now_us is None or self.sessions.is_open(now_us)

    def next_change_us(self, now_us: int) -> float:
        """Return when trading next begins or ends; inf for never."""
        return inf if self.sessions is None else self.sessions.next_change_us(now_us)


@dataclass(frozen=True, slots=True)
class Instruments:
    """All instruments: (pattern, instrument), of which the first that fits a symbol counts, or else default.

    In a pattern `*` stands for any text and `?` for one character.
    """

    patterns: Sequence[tuple[str, Instrument]] = ()
    default: Instrument = Instrument()
    _found: dict[str, Instrument] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, symbol: str) -> Instrument:
        """Return a symbol's instrument."""
        found = self._found.get(symbol)
        if found is None:
            fitting = (instrument for pattern, instrument in self.patterns if fits(pattern, symbol))
            found = next(fitting, self.default)
            if len(self._found) < FOUND_KEPT_MAX:
                self._found[symbol] = found
        return found

    def allows_negative(self, symbol: str) -> bool:
        """Whether 0 and less are prices of a symbol."""
        return self.of(symbol).allow_negative

    @property
    def calendars(self) -> list[Sessions]:
        """The calendars that any instrument names, each once, by name."""
        everyone = [self.default, *(instrument for _, instrument in self.patterns)]
        named = {found.sessions.name: found.sessions for found in everyone if found.sessions is not None}
        return [named[name] for name in sorted(named)]


def fits(pattern: str, symbol: str) -> bool:
    """Whether a pattern fits a symbol, all of it.

    Each part between two stars is sought once (?>): with many stars, trying all combinations would take
    years.
    """
    first, *others = (re.escape(part).replace(r"\?", ".") for part in pattern.split("*"))
    *middle, last = others or [""]
    regex = first + "".join(f"(?>.*?{part})" for part in middle) + (".*" if others else "") + last
    return re.fullmatch(regex, symbol) is not None
