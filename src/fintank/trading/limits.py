"""The limits of the trading rules."""

from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from fintank.trading.instruments import Instruments

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Limits:
    """The core's configuration; the files rules.toml and instruments.toml say what each value is for.

    symbols: those that may be traded; empty for any. A maximum or price_band of None is no limit.
    """

    max_quote_lag_us: int = 5 * SECOND_US
    max_quote_age_us: int = 300 * SECOND_US
    aggregation_window_us: int = SECOND_US
    retention_us: int = DAY_US
    time_zone: ZoneInfo = UTC
    symbols: frozenset[str] = frozenset()
    max_order_qty: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_open_orders: int | None = None
    price_band: Decimal | None = None
    market_collar: Decimal = Decimal("0.1")
    instruments: Instruments = field(default_factory=Instruments)
