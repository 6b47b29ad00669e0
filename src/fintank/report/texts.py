"""Numbers and times as a report writes them."""

from datetime import UTC, datetime

SECOND_NS = 1_000_000_000


def quantity(shares: float | None) -> str:
    """Write a number of shares, nothing for None."""
    return "" if shares is None else _plain(f"{shares:,.6f}")


def price(value: float | None, decimals: int = 10) -> str:
    """Write a price, nothing for None."""
    return "" if value is None else _plain(f"{value:,.{decimals}f}")


def money(amount: float) -> str:
    """Write money to the cent."""
    return f"{amount:,.2f}"


def moment(time_ns: int) -> datetime:
    """Return a time of UTC."""
    return datetime.fromtimestamp(time_ns / SECOND_NS, UTC)


def milliseconds(time_ns: int) -> str:
    """Write the time of the day to the millisecond."""
    return moment(time_ns).strftime("%H:%M:%S.%f")[:-3]


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".")
