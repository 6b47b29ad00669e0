"""New records of the topic executions, read as they arrive."""

import time
from collections.abc import Iterator
from contextlib import suppress

from fintank.adapters.kafka_scan import Positions, TopicScanner
from fintank.trading.reports import Report
from fintank.wire.kafka import executions

POLL_SECONDS = 0.2


def poll(scanner: TopicScanner, positions: Positions, name: str, seconds: int) -> Iterator[list[Report]]:
    """Yield the reports that contain `name` and came since the last poll, until the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        reports = []
        for record in scanner.read(positions):
            value = record.value or b""
            if name.encode() in value:
                with suppress(ValueError):  # not a report: the topic rejects has it
                    reports.append(executions.from_json(value.decode()))
        yield reports
        if time.monotonic() > deadline:
            return
        time.sleep(POLL_SECONDS)
