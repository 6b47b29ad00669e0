"""Reading the fields of a JSON message one by one; a field that can't be read raises MalformedError.

Numbers are read exactly, from a JSON number or from text: 1.5 and "1.5" are equal.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import Any, TypeVar

import simplejson

from fintank.trading.messages import CHARACTERS_MAX
from fintank.wire.kafka.rejects import Reason, describe

SYMBOL_ALLOWED = (
    "1 to 64 printable characters (no backslash at the end or before a space, comma or =; no U+FFFD)"
)
"""Symbols and exchanges. InfluxDB can't have such a backslash in a tag; U+FFFD stands for lost bytes."""
_REFUSED = re.compile("\\\\(?:[ ,=]|$)|\ufffd")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)

EXPONENT_MAX = 1_000
"""Larger than that of any price times a quantity, and small enough to cost no time or memory."""
DEPTH_MAX = 500
"""How deeply JSON may be nested. The parser's own bound depends on its caller; all must decide the same."""
INTEGER_LIMIT = 2**63
LATEST_US = 9_223_372_036_000_000
"""The last whole second that InfluxDB's nanoseconds can hold."""

_decoder: Any = simplejson.JSONDecoder  # without types
_decode = _decoder(parse_float=Decimal, parse_int=Decimal, allow_nan=True).decode
_TYPE_NAMES = {
    str: "string",
    Decimal: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
_NOT_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^]["{}]+', re.DOTALL)

Choice = TypeVar("Choice", bound=StrEnum)


class MalformedError(ValueError):
    """A record is malformed; `detail` is `k=v` text."""

    def __init__(self, reason: Reason, **values: object) -> None:
        self.reason = reason
        self.detail = describe(**values)
        super().__init__(f"{reason} {self.detail}")


class Fields:
    """The fields of one JSON object. Every reader takes a field's name; null counts as absent.

    `path` precedes a field's name in errors, as in `portfolio[1].weight`.
    """

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self.values = values
        self._path = path

    def has(self, name: str) -> bool:
        """Return whether the field is present and not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """Read printable text of at least one character."""
        value = self._string(name)
        if not value or not value.isprintable():
            raise MalformedError(Reason.BAD_VALUE, field=self._path + name, value=value)
        return value

    def symbol(self, name: str) -> str:
        """Read a symbol or an exchange."""
        value = self._string(name)
        if not is_symbol(value):
            raise MalformedError(Reason.BAD_SYMBOL, field=self._path + name, value=value)
        return value

    def choice(self, kind: type[Choice], name: str) -> Choice:
        """Read one of the values of an enumeration."""
        value = self._string(name)
        member: Choice | None = _members(kind).get(value) or kind._missing_(value)
        if member is None:
            raise MalformedError(Reason.UNKNOWN_VALUE, field=self._path + name, value=value)
        return member

    def number(self, name: str) -> Decimal:
        """Read a finite number; -0 becomes 0. The exponent is bounded, so that plain notation stays short."""
        value = self._decimal(name)
        if value.adjusted() > EXPONENT_MAX or int(value.as_tuple().exponent) < -EXPONENT_MAX:
            raise self._out_of_range(name)
        return value if value else value.copy_abs()

    def whole_number(self, name: str) -> int:
        """Read a JSON number without a fraction, of at most 64 bits with its sign."""
        if isinstance(given := self._value(name), str):
            raise self._bad_type(name, given, "integer")
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

    def _string(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str):
            raise self._bad_type(name, value, "string")
        return value

    def _value(self, name: str) -> Any:
        value = self.values.get(name)
        if value is None:
            raise MalformedError(Reason.MISSING_FIELD, field=self._path + name)
        return value

    def _decimal(self, name: str) -> Decimal:
        value = self._value(name)
        if isinstance(value, Decimal):
            return value
        if isinstance(value, str) and DECIMAL.fullmatch(value):
            try:
                return Decimal(value)
            except InvalidOperation:
                raise self._out_of_range(name) from None
        if isinstance(value, float) or (isinstance(value, str) and NOT_FINITE.fullmatch(value)):
            raise MalformedError(Reason.NOT_FINITE, field=self._path + name, value=str(value))
        raise self._bad_type(name, value, "number")

    def _out_of_range(self, name: str) -> MalformedError:
        return MalformedError(Reason.BAD_VALUE, field=self._path + name, error="out of range")

    def _bad_type(self, name: str, value: object, expected: str) -> MalformedError:
        given = {"value": value} if isinstance(value, str) else {}
        return MalformedError(
            Reason.BAD_TYPE,
            field=self._path + name,
            expected=expected,
            **given,
            type=_TYPE_NAMES[type(value)],
        )


def is_symbol(text: str) -> bool:
    """Whether a text is a symbol or an exchange: SYMBOL_ALLOWED."""
    return 0 < len(text) <= CHARACTERS_MAX["symbol"] and text.isprintable() and not _REFUSED.search(text)


@cache
def _members(kind: type[StrEnum]) -> dict[str, Any]:
    """Return the members of an enumeration by value: looking one up is faster than calling the class."""
    return {member.value: member for member in kind}


def parsed(text: str) -> Fields:
    """Parse a record's JSON object; NaN and Infinity pass here and are rejected where their field is read."""
    if not text.strip():
        raise MalformedError(Reason.EMPTY, chars=len(text))
    if text.count("[") + text.count("{") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise MalformedError(Reason.NOT_JSON, error=f"it is nested more than {DEPTH_MAX} levels deep")
    try:
        message = _decode(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError(Reason.NOT_JSON, error=str(error)) from None
    except InvalidOperation:
        raise MalformedError(Reason.BAD_VALUE, error="a number has too large an exponent") from None
    if not isinstance(message, dict):
        raise MalformedError(Reason.NOT_AN_OBJECT, type=_TYPE_NAMES[type(message)])
    return Fields(message)


def _depth(text: str) -> int:
    """Return how deeply JSON is nested, in time that grows with its length, valid or not."""
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in _NOT_BRACKETS.sub("", text)), default=0)
