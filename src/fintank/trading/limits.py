"""The numbers that the trading rules are measured against."""

from dataclasses import dataclass
from decimal import Decimal

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """One configuration of the core.

    max_quote_age_us: an older held quote, against its symbol's clock, is not used.
    lot_size: the smallest step of a quantity that is computed from cash.
    retention_us: a terminal order is known for so long against its symbol's clock; an older order is refused.
    symbols: the symbols that may be traded; empty means any.
    """

    max_quote_age_us: int = HOUR_US
    lot_size: Decimal = Decimal("0.000001")
    retention_us: int = 24 * HOUR_US
    symbols: frozenset[str] = frozenset()
