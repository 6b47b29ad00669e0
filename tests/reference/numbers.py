"""Exact numbers and how they are written."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

MICROSECONDS = 1_000_000


def number(value: Any) -> Fraction | None:
    """Read a number of JSON: an int, a float as its shortest text, a Fraction, or text; None stays None."""
    if value is None:
        return None
    if isinstance(value, Fraction):
        return value
    return Fraction(Decimal(repr(value) if isinstance(value, float) else value))


def plain(value: Fraction) -> str:
    """Write a number that has an end: no exponent, no trailing zeros."""
    decimals = 0
    while (value * 10**decimals).denominator != 1:
        decimals += 1
    digits = str(abs(int(value * 10**decimals))).rjust(decimals + 1, "0")
    text = digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}"
    return f"-{text}" if value < 0 else text


def text_of(value: Any) -> Any:
    """Write a number, and leave what is none as it is."""
    return plain(value) if isinstance(value, Fraction) else value


def microseconds(value: Any) -> int:
    """Read seconds since the epoch, rounded half up."""
    seconds = number(value)
    assert seconds is not None
    return floor(seconds * MICROSECONDS + Fraction(1, 2))


def seconds_text(time_us: int) -> str:
    """Write microseconds as seconds with six decimals."""
    return f"{time_us // MICROSECONDS}.{time_us % MICROSECONDS:06d}"


def floor_to(value: Fraction, step: Fraction) -> Fraction:
    """Round down to a whole number of steps."""
    return floor(value / step) * step


def ceil_to(value: Fraction, step: Fraction) -> Fraction:
    """Round up to a whole number of steps."""
    return -floor(-value / step) * step
