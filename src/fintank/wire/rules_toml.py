"""The limits of the trading rules: the TOML of rules.toml, and the JSON that carries it to the bolts.

A wrong key, type or value raises a FintankError of one line with the file, the key, the value and what is
allowed.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fintank.errors import FintankError
from fintank.toml_file import parsed
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH
from fintank.wire import instruments_toml
from fintank.wire.kafka.fields import SYMBOL_ALLOWED, is_symbol
from fintank.wire.toml_keys import Key, decimal, fields, whole

MILLISECONDS_MAX = 10 * 366 * 24 * 3_600_000
OPEN_ORDERS_MAX = 10_000_000


def from_toml(text: str, file: str) -> Limits:
    """Read the file's text, with the default instruments; `file` is its name in errors."""
    return _limits(parsed(text, file), file)


def from_json(text: str, option: str) -> Limits:
    """Read what to_json wrote; `option` is the name of its source in errors."""
    return from_content(json.loads(text), option)


def from_content(content: Mapping[str, Any], option: str) -> Limits:
    """Read the content of such JSON; `option` is the name of its source in errors."""
    values = dict(content)
    if "instruments" not in values:
        raise FintankError(f"{option} are of a version without instruments, and can't be read")
    instruments = instruments_toml.from_content(values.pop("instruments"), option)
    return replace(_limits(values, option), instruments=instruments)


def to_json(text: str, file: str, instruments: Mapping[str, Any]) -> str:
    """Check the file's text and write it as JSON; instruments: the content of instruments.toml."""
    from_toml(text, file)
    return json.dumps({**parsed(text, file), "instruments": instruments})


def _limits(values: Mapping[str, object], file: str) -> Limits:
    if "lot_size" in values:
        raise FintankError(
            f"{file}: lot_size is in instruments.toml now: move the line there, below [default]"
        )
    return Limits(**fields(values, _KEYS, file))


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


def _milliseconds(field: str, minimum: int, *, is_required: bool = True) -> Key:
    return whole(field, minimum, MILLISECONDS_MAX, scale=1_000, is_required=is_required)


_KEYS: Mapping[str, Key] = {
    "max_quote_lag_ms": _milliseconds("max_quote_lag_us", 0, is_required=False),
    "max_quote_age_ms": _milliseconds("max_quote_age_us", 1),
    "aggregation_window_ms": _milliseconds("aggregation_window_us", 0),
    "retention_ms": _milliseconds("retention_us", 1),
    "time_zone": Key("time_zone", _time_zone, 'the name of a time zone, as in "America/New_York" or "UTC"'),
    "symbols": Key(
        "symbols",
        _symbols,
        f'a list of different symbols, each {SYMBOL_ALLOWED} and not CASH, as in ["IVE", "VTI"]',
    ),
    "max_order_qty": decimal("max_order_qty"),
    "max_order_notional": decimal("max_order_notional"),
    "max_open_orders": whole("max_open_orders", 1, OPEN_ORDERS_MAX),
    "price_band": decimal("price_band"),
    "market_collar": decimal("market_collar"),
}
