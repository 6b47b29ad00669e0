"""What the audit reads of the topics executions and fills, and when the other topics begin."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import NamedTuple

from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.audit.report_matching import Written
from fintank.trading.reports import Fill
from fintank.wire.kafka import executions, fills
from fintank.wire.kafka.records import Record, messages


class OffsetSpan(NamedTuple):
    """The offsets of a partition from `first` on, before `end` if there is one."""

    first: int
    end: int | None


class WrittenReports:
    """The reports of some symbols in a span of a partition of `executions`, read to its end, and later on."""

    def __init__(
        self, reader: TopicReader, partition: int, span: OffsetSpan, is_mine: Callable[[str], bool]
    ) -> None:
        self._reader = reader
        self._end = span.end
        self._is_mine = is_mine
        kept = reader.starts([partition])[partition]
        first = max(kept, span.first)
        self._positions = {partition: first}
        self.from_ms = (reader.first_ms(partition, first) or 0) if kept > span.first else 0
        """When the first of them that is left was appended; 0 if all are left."""

    def read(self) -> Iterator[Written]:
        """Read the reports that were not read yet."""
        records = takewhile(
            lambda record: self._end is None or record.offset < self._end, self._reader.read(self._positions)
        )
        for record, report in messages(records, executions.from_record):
            if self._is_mine(report.symbol):
                yield Written(record.place, report)


class WrittenFills:
    """The topic `fills`, read to the end, and later on from there."""

    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader
        self._positions = reader.starts()
        lost = [place for place in self._positions.items() if place[1] > 0]
        self.from_ms = max((reader.first_ms(*place) or 0 for place in lost), default=0)
        """The latest time at which a partition that has lost records begins; 0 if none has lost any."""

    def read(self) -> Iterator[tuple[Record, Fill]]:
        """Read the fills that were not read yet."""
        return messages(self._reader.read(self._positions), fills.from_record)


def first_kept_ms(address: str, topic: str, partition: int, first: int) -> int | None:
    """Return when the first record of a partition was appended; None if it holds none."""
    with open_reader(address, topic) as reader:
        return reader.first_ms(partition, first)
