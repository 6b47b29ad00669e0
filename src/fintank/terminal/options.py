"""The values of options, read from their text; a FintankError says what is wanted."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fintank.errors import FintankError

_WHOLE_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*")
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
WHOLE_NUMBER_MAX = 1_000_000_000
DIGITS_MAX = 30
"""Python refuses to parse thousands of digits."""
FACTOR_MIN = 0.001
FACTOR_MAX = 1_000_000


def whole_number(option: str, text: str, minimum: int = 1, maximum: int = WHOLE_NUMBER_MAX) -> int:
    """Read a whole number from minimum to maximum, also 1,000 or 1_000, but not 1,5."""
    digits = text.replace(",", "").replace("_", "")
    is_number = _WHOLE_NUMBER.fullmatch(text) and len(digits) <= DIGITS_MAX
    if not is_number or not minimum <= int(digits) <= maximum:
        raise FintankError(f"{option} {text}: must be a whole number from {minimum:,} to {maximum:,}")
    return int(digits)


def positive_number(option: str, text: str) -> float:
    """Read a rate or a speed from FACTOR_MIN to FACTOR_MAX."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not FACTOR_MIN <= number <= FACTOR_MAX:
        raise FintankError(f"{option} {text}: must be a number from {FACTOR_MIN} to {FACTOR_MAX:,}")
    return number


def span_us(option: str, text: str) -> int:
    """Read a span of time such as 30s, 15m, 1h or 1d, in microseconds."""
    match = _SPAN.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise FintankError(f"{option} {text}: must be a number and its unit, as in 30s, 15m, 1h or 1d")
    return int(match[1]) * _UNIT_SECONDS[match[2]] * 1_000_000


def named_values(option: str, text: str, names: Sequence[str]) -> dict[str, str]:
    """Read pairs such as bid=BidPrice,ask=AskPrice whose names are among `names`; of no text, none."""
    pairs = [pair.partition("=") for pair in text.split(",") if text]
    named = [name for name, _, _ in pairs]
    for name, _, value in pairs:
        if named.count(name) > 1:
            raise FintankError(f"{option} {text}: {name} is named twice: name one column, or join them by +")
        if name not in names or not value:
            raise FintankError(
                f"{option} {text}: must be pairs such as {names[0]}=X,{names[1]}=Y, with the names "
                f"{', '.join(names)}"
            )
    return {name: value for name, _, value in pairs}


def names_in(option: str, text: str) -> frozenset[str]:
    """Read names that are separated by commas."""
    found = frozenset(map(str.strip, text.split(",")))
    if "" in found:
        raise FintankError(f"{option} {text}: must be names separated by commas, as in IVE,VTI")
    return found


def zone(option: str, text: str) -> tzinfo:
    """Read the name of a time zone of the IANA database."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise FintankError(f"{option} {text}: must be a time zone such as Europe/Berlin or UTC") from None


def moment_us(option: str, text: str) -> int:
    """Read a moment in ISO 8601, in UTC if it names no zone, as microseconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FintankError(f"{option} {text}: must be a time such as 2026-12-01T16:00:00Z") from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.fromtimestamp(0, UTC)
    return since // timedelta(microseconds=1)
