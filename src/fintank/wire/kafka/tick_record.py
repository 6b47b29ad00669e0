"""One record of the topic `ticks`, read with care: this decides what is rejected, and why."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from fintank.trading.decimals import NUMBER_LIMIT, is_bounded
from fintank.wire.kafka.fields import DECIMAL, NOT_FINITE, MalformedError, is_symbol
from fintank.wire.kafka.records import AHEAD_US_MAX, EARLIEST_US
from fintank.wire.kafka.rejects import Reason
from fintank.wire.points.line_protocol import record_time_ns, series

_PREFIXES_KEPT_MAX = 65_536

NAMES = ("symbol", "exchange")
PRICES = ("bid", "ask")
SIZES = ("bid_size", "ask_size")
REQUIRED = (*NAMES, "timestamp")

NOTHING = "-"
"""Stands for an empty side or a missing size in a line for the rule engine."""

FLOAT_MIN = 1e-12
"""A float from here up has at most DECIMALS_MAX decimals: its shortest text has 17 digits."""
FLOAT_LIMIT = float(NUMBER_LIMIT)

NUMBER_TYPES = {int, float}
_PLAIN = r"(?:0|[1-9][0-9]*)(?:\.[0-9]{1,30})?"
_PLAIN_DECIMAL = re.compile(rf"(?=.{{1,40}}\Z){_PLAIN}")
PLAIN_DECIMALS = re.compile(rf"(?:(?=.{{1,40}}\n){_PLAIN}\n)+")
"""Plain decimals, each with a line end: one match of 500 takes half the time of 500 matches."""
_DECIMAL = re.compile(rf"(?=.{{1,40}}\Z){DECIMAL.pattern}")
_BELOW_ZERO = {**dict.fromkeys(PRICES, Reason.NOT_POSITIVE), **dict.fromkeys(SIZES, Reason.NEGATIVE)}
_NOT_ZERO = re.compile(r"[-0.]*[1-9]")

AllowsNegative = Callable[[str], bool]
"""Returns whether 0 and less are prices of a symbol."""


def only_positive(_: str) -> bool:
    """Return that 0 and less are not prices, whatever the symbol."""
    return False


def read(text: str, offset: int, append_us: int, allows_negative: AllowsNegative) -> tuple[str, str, str]:
    """Return line, symbol and line for the rule engine; MalformedError for the first fault."""
    return _line(_parsed(text), offset, append_us, allows_negative)


@lru_cache(_PREFIXES_KEPT_MAX)
def prefix(symbol: str, exchange: str) -> str:
    """Return measurement and tags; ValueError or TypeError when one can't be a tag."""
    for name in (symbol, exchange):
        if not is_symbol(name):
            raise ValueError
    return series("bid_ask", {"exchange": exchange, "symbol": symbol}) + " bid="


def _line(
    tick: dict[str, Any], offset: int, append_us: int, allows_negative: AllowsNegative
) -> tuple[str, str, str]:
    """Return line, symbol and line for the rule engine; MalformedError for the first fault."""
    numbers = [name for name in (*PRICES, *SIZES) if tick.get(name) is not None]
    for name in REQUIRED:
        if name not in tick:
            raise MalformedError(Reason.MISSING_FIELD, field=name)
    usual = {name: text for name in ("timestamp", *numbers) if (text := _usual_text(tick[name]))}
    for name in (*NAMES, "timestamp", *numbers):
        if name in usual:
            continue
        reason = _name_fault(tick[name]) if name in NAMES else _number_fault(name, tick[name])
        if reason is Reason.NOT_POSITIVE and allows_negative(tick["symbol"]):
            continue
        if reason:
            raise MalformedError(reason, field=name, value=tick[name])
    texts = {name: usual.get(name) or _text(tick[name]) for name in numbers}
    for name in numbers:
        if name not in usual and not is_bounded(Decimal(texts[name])):
            raise MalformedError(Reason.BAD_VALUE, field=name, value=tick[name], error="out of range")
    time_us = _time_us(tick["timestamp"], append_us + AHEAD_US_MAX)
    _drop_empty_sides(texts, allows_negative(tick["symbol"]))
    start = prefix(tick["symbol"], tick["exchange"]).removesuffix("bid=")
    fields = ",".join([f"{name}={text}" for name, text in texts.items()]) or "withdrawn=1i"
    line = f"{start}{fields} {record_time_ns(time_us, offset)}"
    columns = [texts.get(name, NOTHING) for name in (*PRICES, *SIZES)]
    counted_us = min(time_us, append_us)
    quote = "\t".join([tick["symbol"], tick["exchange"], str(counted_us), str(offset), *columns])
    return line, tick["symbol"], quote


def _drop_empty_sides(texts: dict[str, str], is_zero_a_price: bool) -> None:
    """Remove a side without a price, with the size 0, or with the price 0 where 0 is no price."""
    for side in zip(PRICES, SIZES, strict=True):
        price, size = map(texts.get, side)
        if price is None or size == "0" or (price == "0" and not is_zero_a_price):
            for name in side:
                texts.pop(name, None)


def _time_us(timestamp: float | str, latest_us: int) -> int:
    seconds = float(timestamp)
    if abs(seconds) >= FLOAT_LIMIT:
        raise MalformedError(Reason.TIMESTAMP_OUT_OF_RANGE, timestamp=timestamp, latest_us=latest_us)
    time_us = int(seconds * 1e6 + 0.5)
    if not EARLIEST_US <= time_us <= latest_us:
        raise MalformedError(
            Reason.TIMESTAMP_OUT_OF_RANGE, time_us=time_us, earliest_us=EARLIEST_US, latest_us=latest_us
        )
    return time_us


def _usual_text(number: Any) -> str | None:
    """Return its own or shortest text; None unless it is positive, plain and within all bounds."""
    kind = type(number)
    if kind is str:
        is_usual = _PLAIN_DECIMAL.fullmatch(number) and FLOAT_MIN <= float(number) < FLOAT_LIMIT
    else:
        is_usual = kind in NUMBER_TYPES and FLOAT_MIN <= number < FLOAT_LIMIT
    if not is_usual:
        return None
    return str(number) if kind is str else orjson.dumps(number).decode()


def _text(number: float | str) -> str:
    """Return its own or shortest text; 0 for every way to write zero, such as -0.0 or 0e5."""
    if not float(number):
        return "0"
    return number if isinstance(number, str) else orjson.dumps(number).decode()


def _parsed(text: str) -> dict[str, Any]:
    if not text.strip():
        raise MalformedError(Reason.EMPTY, chars=len(text))
    try:
        tick = orjson.loads(text)
    except ValueError as error:
        raise _unparsable(text, str(error)) from None
    if not isinstance(tick, dict):
        raise MalformedError(Reason.NOT_AN_OBJECT, type=type(tick).__name__)
    return tick


def _unparsable(text: str, error: str) -> MalformedError:
    """Distinguish NaN, Infinity and 1e999, which Python's own parser reads, from text that is no JSON."""
    try:
        tick = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        tick = None
    if isinstance(tick, dict):
        for name in ("timestamp", *PRICES, *SIZES):
            value = tick.get(name)
            if isinstance(value, float) and not math.isfinite(value):
                return MalformedError(Reason.NOT_FINITE, field=name, value=value)
    return MalformedError(Reason.NOT_JSON, error=error)


def _name_fault(value: object) -> Reason | None:
    if not isinstance(value, str):
        return Reason.BAD_TYPE
    return None if is_symbol(value) else Reason.BAD_SYMBOL


def _number_fault(name: str, value: Any) -> Reason | None:
    """Return what is wrong with a number; nothing with a time below 0, which is out of range."""
    if isinstance(value, str):
        if NOT_FINITE.fullmatch(value):
            return Reason.NOT_FINITE
        if not _DECIMAL.fullmatch(value):
            return Reason.BAD_TYPE
    elif type(value) not in NUMBER_TYPES:  # a bool is an int to isinstance
        return Reason.BAD_TYPE
    number = float(value)
    if not math.isfinite(number):
        return Reason.NOT_FINITE
    if number < 0:
        return _BELOW_ZERO.get(name)
    is_too_small = not number and isinstance(value, str) and _NOT_ZERO.match(value)  # 1e-400
    return Reason.BAD_VALUE if is_too_small else None
