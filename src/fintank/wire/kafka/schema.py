"""The JSON Schemas at work: each makes the reader, the writer and the InfluxDB point of its message.

Every property is a field. Its `$ref` says how it is read; with `{"type": "null"}` beside it, it is optional,
and `default` is its value when absent. `measurement` and `tags` are InfluxDB's: all that is not a tag is a
field there. A time `x` is `x_us` in Python and InfluxDB, in whole microseconds.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from fintank.trading.decimals import plain, seconds_text
from fintank.trading.messages import ComponentSpec, ExecType, OrdStatus, OrdType, Side, State, TimeInForce
from fintank.trading.requests import Scope
from fintank.wire.kafka.fields import Fields
from fintank.wire.points.line_protocol import message_time_ns, point

SCHEMAS = Path(__file__).parent / "schemas"

_TIMES = ("seconds", "time")


class Field(NamedTuple):
    """One field: `attribute` is its name in Python; `default` is the value of an optional one when absent.

    `kind` is its type in schemas/types.json.
    """

    name: str
    attribute: str
    read: Callable[[Fields, str], Any]
    is_optional: bool
    default: Any
    is_time: bool
    kind: str = ""

    def value(self, fields: Fields) -> Any:
        """Read the field of a JSON object; MalformedError when it is missing or can't be read."""
        if self.is_optional and not fields.has(self.name):
            return self.default
        return self.read(fields, self.name)


class Schema:
    """The fields of one message, in the order of its dataclass."""

    def __init__(self, name: str) -> None:
        """Load schemas/<name>.json."""
        schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
        self.fields = [_field(*part) for part in schema["properties"].items()]
        self.measurement: str = schema.get("measurement", "")
        self.tags: list[str] = schema.get("tags", [])
        self.point_fields = [field.attribute for field in self.fields if field.name not in self.tags]
        self._point_values = attrgetter(*self.point_fields)
        self._names = [field.name for field in self.fields]
        self._values = attrgetter(*(field.attribute for field in self.fields))
        self._times = [field.name for field in self.fields if field.is_time]

    def read(self, fields: Fields) -> list[Any]:
        """Read all fields, in order; MalformedError for the first one that can't be read."""
        given = fields.values
        return [
            default if is_optional and given.get(name) is None else read(fields, name)
            for name, _, read, is_optional, default, _, _ in self.fields
        ]

    def to_json(self, message: object) -> str:
        """Write a message with all its fields in their order, null where there is no value.

        Decimals are strings in plain notation, times seconds since the epoch with six decimals: both exact.
        """
        values = dict(zip(self._names, self._values(message), strict=True))
        for name in self._times:
            if values[name] is not None:
                values[name] = orjson.Fragment(seconds_text(values[name]))
        return orjson.dumps(values, default=decimal_text).decode()

    def line(self, message: Any, partition: int, offset: int) -> str:
        """Write a report or a fill as a line of its measurement; partition and offset are its record's."""
        tags = {tag: str(partition) if tag == "partition" else getattr(message, tag) for tag in self.tags}
        values = dict(zip(self.point_fields, self._point_values(message), strict=True))
        if "quote_ids" in values:
            values["quote_ids"] = " ".join(values["quote_ids"]) or None
        return point(self.measurement, tags, values, message_time_ns(message.transact_time_us, offset))


def decimal_text(value: object) -> str:
    """Write what orjson can't: a Decimal, and nothing else."""
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _field(name: str, part: Mapping[str, Any]) -> Field:
    attribute = "order_time_us" if name == "timestamp" else name
    if "const" in part:
        return Field(name, attribute, lambda *_: part["const"], False, None, False)
    kinds = part.get("anyOf", [part])
    kind = kinds[0]["$ref"].rpartition("/")[2]
    if kind in _TIMES and name != "timestamp":
        attribute = f"{name}_us"
    default = part.get("default")
    if kind in ENUMS and default is not None:
        default = ENUMS[kind](default)
    return Field(name, attribute, _READ[kind], len(kinds) > 1, default, kind in _TIMES, kind)


def _choice(kind: type[StrEnum]) -> Callable[[Fields, str], StrEnum]:
    return lambda fields, name: fields.choice(kind, name)


def _portfolio(fields: Fields, name: str) -> tuple[ComponentSpec, ...]:
    return tuple(ComponentSpec(line.symbol("symbol"), line.number("weight")) for line in fields.objects(name))


ENUMS: Mapping[str, type[StrEnum]] = {
    "side": Side,
    "ord_type": OrdType,
    "time_in_force": TimeInForce,
    "ord_status": OrdStatus,
    "exec_type": ExecType,
    "state": State,
    "scope": Scope,
}
"""The enumerations, by the name of their type, which is also that of their field."""
_READ: Mapping[str, Callable[[Fields, str], Any]] = {
    **dict.fromkeys(
        ("account", "order_id", "cl_ord_id", "text", "place", "uuid", "as_of", "currency"), Fields.text
    ),
    **dict.fromkeys(("number", "decimal"), Fields.number),
    **dict.fromkeys(("priority", "integer"), Fields.whole_number),
    **dict.fromkeys(_TIMES, Fields.time_us),
    **{name: _choice(kind) for name, kind in ENUMS.items()},
    "symbol": Fields.symbol,
    "quote_ids": Fields.texts,
    "portfolio": _portfolio,
}
"""The reader of each type in schemas/types.json that these messages use."""
