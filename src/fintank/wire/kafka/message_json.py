"""Writing the messages of the trading core as JSON.

Prices, quantities and money are decimal strings in plain notation; a time `x_us` is `x`, seconds since the
epoch with six decimals. Both are exact.
"""

from dataclasses import fields
from decimal import Decimal

import orjson

from fintank.trading.decimals import plain, seconds_text
from fintank.trading.reports import ExecutionReport, Fill, OrderCancelReject

_MICROSECONDS = "_us"
_NAMES = {
    kind: [(field.name, field.name.removesuffix(_MICROSECONDS)) for field in fields(kind)]
    for kind in (ExecutionReport, OrderCancelReject, Fill)
}


def message_json(message: ExecutionReport | OrderCancelReject | Fill) -> str:
    """Write a message as a JSON object, its fields in the message's own order."""
    values = {}
    for name, wire_name in _NAMES[type(message)]:
        value = getattr(message, name)
        values[wire_name] = value if name == wire_name else orjson.Fragment(seconds_text(value))
    return orjson.dumps(values, default=decimal_text).decode()


def decimal_text(value: object) -> str:
    """Write what orjson can't: a Decimal, and nothing else."""
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")
