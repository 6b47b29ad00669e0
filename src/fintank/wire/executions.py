"""Execution reports: values to JSON of the topic `executions`."""

from fintank.trading.messages import ExecutionReport
from fintank.wire.message_json import message_json


def to_json(report: ExecutionReport) -> str:
    """Write a report as the JSON record of the topic; all fields, null where there is nothing."""
    return message_json(report)
