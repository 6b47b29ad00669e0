"""Numbers and times as people read them."""

from datetime import UTC, datetime
from decimal import Decimal


def counted(count: int, noun: str) -> str:
    """Format a count, as in `1 tick` and `1,000 ticks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | Decimal | None, decimals: int = 10) -> str:
    """Format a price or a quantity without trailing zeros; an empty string for None."""
    return "" if value is None else f"{value:,.{decimals}f}".rstrip("0").rstrip(".")


def utc(time_ms: float) -> str:
    """Format milliseconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError):  # a topic without LogAppendTime holds whatever its producers wrote
        return f"{time_ms} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(amount: float | Decimal) -> str:
    """Format an amount of money to the cent."""
    return f"{amount:,.2f}"
