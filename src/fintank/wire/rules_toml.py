"""The limits of the trading rules: the TOML of rules.toml, and the JSON that carries it to the bolts.

A wrong key, type or value raises a FintankError of one line with the file, the key, the value and what is
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
from fintank.wire.kafka.fields import SYMBOL_ALLOWED, is_symbol

MILLISECONDS_MAX = 10 * 366 * 24 * 3_600_000
OPEN_ORDERS_MAX = 10_000_000

_PLAIN_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class _Key(NamedTuple):
    """One key of the file: the field of Limits that it sets, how its value is read, and what is allowed."""

    field: str
    read: Callable[[Any], Any]
    allowed: str
    is_required: bool = True


def from_toml(text: str, file: str) -> Limits:
    """Read the file's text; `file` is its name in errors."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FintankError(f"{file} is not valid TOML: {error}") from None
    return _limits(values, file)


def from_json(text: str, option: str) -> Limits:
    """Read what to_json wrote; `option` is the name of its source in errors."""
    return _limits(json.loads(text), option)


def to_json(text: str, file: str) -> str:
    """Check the file's text and write it as JSON."""
    from_toml(text, file)
    return json.dumps(tomllib.loads(text))


def _limits(values: Mapping[str, object], file: str) -> Limits:
    for key in values:
        if key not in _KEYS:
            raise FintankError(f"{file}: unknown key {key}: allowed are {', '.join(_KEYS)}")
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


def _whole(minimum: int, maximum: int, scale: int = 1) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ValueError
        return value * scale

    return read


def _above_zero(value: object) -> Decimal:
    if not isinstance(value, str) or not _PLAIN_DECIMAL.fullmatch(value):
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
    except (ZoneInfoNotFoundError, OSError):  # the name of a folder of zones, like "America", is an OSError
        raise ValueError from None


def _symbols(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(map(_is_symbol, value)) or len({*value}) < len(value):
        raise ValueError
    return frozenset(value)


def _is_symbol(value: object) -> bool:
    return isinstance(value, str) and value != CASH and is_symbol(value)


def _milliseconds(field: str, minimum: int, *, is_required: bool = True) -> _Key:
    read = _whole(minimum, MILLISECONDS_MAX, scale=1_000)
    return _Key(field, read, f"a whole number from {minimum} to {MILLISECONDS_MAX}", is_required)


def _decimal(field: str, *, is_required: bool = False) -> _Key:
    allowed = 'a decimal string above 0, below 10^18, of at most 30 decimals, as in "0.01"'
    return _Key(field, _above_zero, allowed, is_required)


_KEYS: Mapping[str, _Key] = {
    "max_quote_lag_ms": _milliseconds("max_quote_lag_us", 0, is_required=False),
    "max_quote_age_ms": _milliseconds("max_quote_age_us", 1),
    "aggregation_window_ms": _milliseconds("aggregation_window_us", 0),
    "lot_size": _decimal("lot_size", is_required=True),
    "retention_ms": _milliseconds("retention_us", 1),
    "time_zone": _Key("time_zone", _time_zone, 'the name of a time zone, as in "America/New_York" or "UTC"'),
    "symbols": _Key(
        "symbols",
        _symbols,
        f'a list of different symbols, each {SYMBOL_ALLOWED} and not CASH, as in ["IVE", "VTI"]',
    ),
    "max_order_qty": _decimal("max_order_qty"),
    "max_order_notional": _decimal("max_order_notional"),
    "max_open_orders": _Key(
        "max_open_orders", _whole(1, OPEN_ORDERS_MAX), f"a whole number from 1 to {OPEN_ORDERS_MAX}", False
    ),
    "price_band": _decimal("price_band"),
}
