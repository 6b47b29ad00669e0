"""Reading the fields of a JSON message, one by one; what can't be read is a MalformedError.

Numbers are read exactly. A JSON number and its text are the same: 1.5 and "1.5".
"""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

import simplejson

from fintank.wire.kafka.rejects import Reason, describe

EXPONENT_MAX = 1_000
"""Above what a price times a quantity can have, far below what costs time or memory."""
INTEGER_LIMIT = 2**63
LATEST_US = 9_223_372_036_000_000
"""The last second that InfluxDB's nanoseconds can tell."""

_decoder: Any = simplejson.JSONDecoder  # without types
_decode = _decoder(parse_float=Decimal, parse_int=Decimal, allow_nan=True).decode
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,32}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_TYPE_NAMES = {
    str: "string",
    Decimal: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}

Read = TypeVar("Read")
Choice = TypeVar("Choice", bound=StrEnum)


class MalformedError(ValueError):
    """A record is not what it should be; `detail` is `k=v` text."""

    def __init__(self, reason: Reason, **values: object) -> None:
        self.reason = reason
        self.detail = describe(**values)
        super().__init__(f"{reason} {self.detail}")


class Fields:
    """The fields of one JSON object. Every reader takes a field's name; null is as good as absent.

    `path` comes before a field's name where an error tells of it, as in `portfolio[1].weight`.
    """

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    def has(self, name: str) -> bool:
        """Whether there is such a field, and not null."""
        return self._values.get(name) is not None

    def optional(self, read: Callable[[str], Read], name: str) -> Read | None:
        """Read a field that may be absent."""
        return read(name) if self.has(name) else None

    def text(self, name: str) -> str:
        """Read printable text of at least one character."""
        value = self._value(name)
        if not isinstance(value, str):
            raise self._bad_type(name, value, "string")
        if not value or not value.isprintable():
            raise MalformedError(Reason.BAD_VALUE, field=self._path + name, value=value)
        return value

    def symbol(self, name: str) -> str:
        """Read a symbol or an exchange."""
        value = self._value(name)
        if not isinstance(value, str):
            raise self._bad_type(name, value, "string")
        if not _SYMBOL.fullmatch(value):
            raise MalformedError(Reason.BAD_SYMBOL, field=self._path + name, value=value)
        return value

    def choice(self, kinds: type[Choice], name: str, default: Choice | None = None) -> Choice:
        """Read one of the values of an enumeration."""
        if default is not None and not self.has(name):
            return default
        value = self._value(name)
        if not isinstance(value, str):
            raise self._bad_type(name, value, "string")
        try:
            return kinds(value)
        except ValueError:
            raise MalformedError(Reason.UNKNOWN_VALUE, field=self._path + name, value=value) from None

    def number(self, name: str) -> Decimal:
        """Read a finite number; its exponent is bounded, so that plain notation stays short. -0 is 0."""
        value = self._decimal(name)
        if max(abs(value.adjusted()), -_exponent(value)) > EXPONENT_MAX:
            raise self._out_of_range(name)
        return value if value else value.copy_abs()

    def whole_number(self, name: str) -> int:
        """Read a JSON number without a fraction, of at most 64 bits with its sign."""
        if isinstance(self._value(name), str):
            raise self._bad_type(name, "", "integer")
        value = self.number(name)
        if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            raise self._out_of_range(name)
        if value != int(value):
            raise self._bad_type(name, value, "integer")
        return int(value)

    def time_us(self, name: str, earliest_us: int = 0, latest_us: int = LATEST_US) -> int:
        """Read seconds since the epoch as microseconds, rounded half up."""
        time_us = int((self.number(name) * 1_000_000).to_integral_value(ROUND_HALF_UP))
        if not earliest_us <= time_us <= latest_us:
            raise MalformedError(
                Reason.TIMESTAMP_OUT_OF_RANGE, time_us=time_us, earliest_us=earliest_us, latest_us=latest_us
            )
        return time_us

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts."""
        items = {f"{name}[{index}]": item for index, item in enumerate(self._list(name))}
        each = Fields(items, self._path)
        return tuple(each.text(item) for item in items)

    def objects(self, name: str) -> list["Fields"]:
        """Read a list of JSON objects."""
        items = []
        for index, item in enumerate(self._list(name)):
            if not isinstance(item, dict):
                raise self._bad_type(f"{name}[{index}]", item, "object")
            items.append(Fields(item, f"{self._path}{name}[{index}]."))
        return items

    def _list(self, name: str) -> list[Any]:
        value = self._value(name)
        if not isinstance(value, list):
            raise self._bad_type(name, value, "array")
        return value

    def _value(self, name: str) -> Any:
        if not self.has(name):
            raise MalformedError(Reason.MISSING_FIELD, field=self._path + name)
        return self._values[name]

    def _decimal(self, name: str) -> Decimal:
        value = self._value(name)
        if isinstance(value, Decimal):
            return value
        if isinstance(value, float) or (isinstance(value, str) and _NOT_FINITE.fullmatch(value)):
            raise MalformedError(Reason.NOT_FINITE, field=self._path + name, value=str(value))
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            raise self._bad_type(name, value, "number")
        try:
            return Decimal(value)
        except InvalidOperation:
            raise self._out_of_range(name) from None

    def _out_of_range(self, name: str) -> MalformedError:
        return MalformedError(Reason.BAD_VALUE, field=self._path + name, error="out of range")

    def _bad_type(self, name: str, value: object, expected: str) -> MalformedError:
        return MalformedError(
            Reason.BAD_TYPE, field=self._path + name, expected=expected, type=_TYPE_NAMES[type(value)]
        )


def parsed(text: str) -> Fields:
    """Read a record's JSON object; NaN and Infinity are told apart by the reader of their field."""
    if not text.strip():
        raise MalformedError(Reason.EMPTY, chars=len(text))
    try:
        message = _decode(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError(Reason.NOT_JSON, error=str(error)) from None
    except InvalidOperation:
        raise MalformedError(Reason.BAD_VALUE, error="a number has too large an exponent") from None
    if not isinstance(message, dict):
        raise MalformedError(Reason.NOT_AN_OBJECT, type=_TYPE_NAMES[type(message)])
    return Fields(message)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # a number of _decimal is finite
    return exponent
