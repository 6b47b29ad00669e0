"""Fills: values to JSON of the topic `fills`."""

from fintank.trading.messages import Fill
from fintank.wire.message_json import message_json


def to_json(fill: Fill) -> str:
    """Write a fill as the JSON record of the topic; all fields, null where there is nothing."""
    return message_json(fill)
