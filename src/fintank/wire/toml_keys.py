"""Reading the tables of the TOML files that a user writes, strictly.

A wrong key, type or value raises a FintankError of one line with the file, the key, the value and what is
allowed.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from fintank.errors import FintankError
from fintank.trading.decimals import is_bounded

_PLAIN_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_BARE_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
SHOWN_CHARS_MAX = 200
_BOUNDS = 'below 10^18, of at most 30 decimals, as in "0.01"'


class Key(NamedTuple):
    """One key of a table: the field that it sets, how its value is read (ValueError if it is wrong), and what
    is allowed."""

    field: str
    read: Callable[[Any], Any]
    allowed: str
    is_required: bool = True


def shown(value: object) -> str:
    """Return the start of a value as a message shows it; a number may have too many digits for that."""
    try:
        text = json.dumps(value, default=str)
    except ValueError:  # as 0xfff... it could be parsed
        return "..."
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}..."


def shown_name(name: str) -> str:
    """Return the start of a name as a message shows it: bare as in the file, or in quotes."""
    return name if _BARE_NAME.fullmatch(name) else shown(name)


def fields(values: Mapping[str, object], keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    """Read a table's values by its keys; `where` is its name in errors."""
    for name in values:
        if name not in keys:
            raise FintankError(f"{where}: unknown key {shown_name(name)}: allowed are {', '.join(keys)}")
    found = {}
    for name, known in keys.items():
        if name in values:
            try:
                found[known.field] = known.read(values[name])
            except ValueError:
                value = shown(values[name])
                raise FintankError(
                    f"{where}: {shown_name(name)} = {value}: must be {known.allowed}"
                ) from None
        elif known.is_required:
            raise FintankError(f"{where}: {name} is missing: it must be {known.allowed}")
    return found


def text(field: str, *, is_required: bool = False) -> Key:
    """Return the key of a text."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError
        return value

    return Key(field, read, "text", is_required)


def table(field: str, keys: Mapping[str, Key], where: str) -> Key:
    """Return the key of a table with these keys, which may be missing; `where` is its name in errors."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError
        return fields(value, keys, where)

    return Key(field, read, f"a table, as in [{shown_name(field)}]", False)


def whole(field: str, minimum: int, maximum: int, *, scale: int = 1, is_required: bool = False) -> Key:
    """Return the key of a whole number within bounds, which is multiplied by scale."""

    def read(value: object) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ValueError
        return value * scale

    return Key(field, read, f"a whole number from {minimum} to {maximum}", is_required)


def decimal(field: str, *, is_required: bool = False, may_be_zero: bool = False) -> Key:
    """Return the key of a decimal string above 0, or from 0 on."""

    def read(value: object) -> Decimal:
        if not isinstance(value, str) or not _PLAIN_DECIMAL.fullmatch(value):
            raise ValueError
        number = Decimal(value)
        if not is_bounded(number) or (number == 0 and not may_be_zero):
            raise ValueError
        return number

    lowest = "from 0 on" if may_be_zero else "above 0"
    return Key(field, read, f"a decimal string {lowest}, {_BOUNDS}", is_required)
