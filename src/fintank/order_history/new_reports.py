"""New records of the topic executions, read as they arrive."""

import time
from collections.abc import Iterator

from fintank.adapters.topic_reader import Positions, TopicReader
from fintank.trading.reports import Report
from fintank.wire.kafka import executions
from fintank.wire.kafka.records import messages

POLL_SECONDS = 0.2


def poll(reader: TopicReader, positions: Positions, name: str, seconds: int) -> Iterator[list[Report]]:
    """Yield the reports that contain `name` and came since the last poll, until the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        records = (record for record in reader.read(positions) if name.encode() in (record.value or b""))
        yield [report for _, report in messages(records, executions.from_record)]
        if time.monotonic() > deadline:
            return
        time.sleep(POLL_SECONDS)
