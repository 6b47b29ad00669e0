"""The limits of the trading rules: TOML of the file rules.toml, and JSON on their way to the bolts.

A wrong key, type or value is a FintankError of one line that names the file, the key, the value and what is
allowed.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fintank.errors import FintankError
from fintank.trading.decimals import is_bounded
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH

MILLISECONDS_MAX = 10 * 366 * 24 * 3_600_000
OPEN_ORDERS_MAX = 10_000_000

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,32}")


class _Key(NamedTuple):
    """One key of the file: the field of Limits that it gives, how its value is read, and what is allowed."""

    field: str
    read: Callable[[Any], Any]
    allowed: str
    is_required: bool = True


def from_toml(text: str, file: str) -> Limits:
    """Read the file's text; `file` is its name for an error."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FintankError(f"{file} is no TOML: {error}") from None
    return _limits(values, file)


def from_json(text: str, option: str) -> Limits:
    """Read what to_json wrote; `option` is where it comes from for an error."""
    return _limits(json.loads(text), option)


def to_json(text: str, file: str) -> str:
    """Write the file's text as JSON, after it was checked."""
    from_toml(text, file)
    return json.dumps(tomllib.loads(text))


def _limits(values: Mapping[str, object], file: str) -> Limits:
    for key in values:
        if key not in _KEYS:
            raise FintankError(f"{file}: {key} is no key of it: allowed are {', '.join(_KEYS)}")
    fields = {}
    for name, known in _KEYS.items():
        if name in values:
            try:
                fields[known.field] = known.read(values[name])
            except ValueError:
                value = json.dumps(values[name], default=str)
                raise FintankError(f"{file}: {name} = {value}: must be {known.allowed}") from None
        elif known.is_required:
            raise FintankError(f"{file}: {name} is missing: it must be {known.allowed}")
    return Limits(**fields)


def _whole(minimum: int, maximum: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ValueError
        return value

    return read


def _microseconds(minimum_ms: int) -> Callable[[object], int]:
    read_ms = _whole(minimum_ms, MILLISECONDS_MAX)
    return lambda value: read_ms(value) * 1_000


def _above_zero(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError
    number = Decimal(value)
    if number <= 0 or not is_bounded(number):
        raise ValueError
    return number


def _time_zone(value: object) -> ZoneInfo:
    if not isinstance(value, str):
        raise ValueError
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError):  # a folder of zones, as in "America", is an OSError
        raise ValueError from None


def _symbols(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(map(_is_symbol, value)) or len({*value}) < len(value):
        raise ValueError
    return frozenset(value)


def _is_symbol(value: object) -> bool:
    return isinstance(value, str) and value != CASH and bool(_SYMBOL.fullmatch(value))


_DECIMAL_STRING = 'a decimal string above 0, below 10^18, of at most 30 decimals, as in "0.01"'
_KEYS: Mapping[str, _Key] = {
    "max_quote_age_ms": _Key(
        "max_quote_age_us", _microseconds(1), f"a whole number from 1 to {MILLISECONDS_MAX}"
    ),
    "aggregation_window_ms": _Key(
        "aggregation_window_us", _microseconds(0), f"a whole number from 0 to {MILLISECONDS_MAX}"
    ),
    "lot_size": _Key("lot_size", _above_zero, _DECIMAL_STRING),
    "retention_ms": _Key("retention_us", _microseconds(1), f"a whole number from 1 to {MILLISECONDS_MAX}"),
    "time_zone": _Key("time_zone", _time_zone, 'a name of a time zone, as in "America/New_York" or "UTC"'),
    "symbols": _Key(
        "symbols",
        _symbols,
        "a list of different symbols, each 1 to 32 of A-Z a-z 0-9 . _ : / - and not CASH, as in "
        '["IVE", "VTI"]',
    ),
    "max_order_qty": _Key("max_order_qty", _above_zero, _DECIMAL_STRING, is_required=False),
    "max_order_notional": _Key("max_order_notional", _above_zero, _DECIMAL_STRING, is_required=False),
    "max_open_orders": _Key(
        "max_open_orders",
        _whole(1, OPEN_ORDERS_MAX),
        f"a whole number from 1 to {OPEN_ORDERS_MAX}",
        is_required=False,
    ),
    "price_band": _Key("price_band", _above_zero, _DECIMAL_STRING, is_required=False),
}
