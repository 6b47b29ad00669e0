"""What the audit reads of the topics beside its input: timeline, journal, executions and fills."""

from collections.abc import Iterator
from contextlib import contextmanager

from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.audit.report_matching import Written
from fintank.trading.log_merge import Positions
from fintank.trading.reports import Fill
from fintank.trading.timeline import TimelineEvent
from fintank.wire.kafka import executions, fills, journal_records, timeline_records
from fintank.wire.kafka.records import Record, messages

TAIL_RECORDS = 100
TAIL_GROWTH = 10
_KEY = journal_records.key_of(Positions()).encode()


class Growing:
    """One partition of `executions` or `fills`, or all, read to the end, and later on from there."""

    def __init__(self, reader: TopicReader, partitions: list[int] | None = None) -> None:
        self._reader = reader
        self._positions = reader.starts(partitions)
        self.from_ms = max((self._first_ms(*at) for at in self._positions.items() if at[1] > 0), default=0)
        """When the first record was appended that is left of a partition that lost some; 0 if none did."""

    def reports(self) -> Iterator[Written]:
        """Read the reports that were not read yet."""
        found = messages(self._reader.read(self._positions), executions.from_record)
        return (Written(record.place, report) for record, report in found)

    def fills(self) -> Iterator[tuple[Record, Fill]]:
        """Read the fills that were not read yet."""
        return messages(self._reader.read(self._positions), fills.from_record)

    def record_at(self, partition: int, offset: int) -> Record | None:
        """Read one record again."""
        return self._reader.record_at(partition, offset)

    def _first_ms(self, partition: int, first: int) -> int:
        record = next(self._reader.read({partition: first}), None)
        return 0 if record is None else record.time_ms


@contextmanager
def growing(address: str, topic: str, partitions: list[int] | None = None) -> Iterator[Growing]:
    """Open a topic, or some of its partitions."""
    with open_reader(address, topic) as reader:
        yield Growing(reader, partitions)


def timeline_of(address: str, shard: int) -> list[TimelineEvent]:
    """Return what the timeline holds of a shard."""
    with open_reader(address, "timeline") as reader:
        return list(map(timeline_records.from_record, reader.read(reader.starts([shard]))))


def decided_positions(address: str, shard: int) -> Positions | None:
    """Return how far a shard has decided, by its journal; None if it has decided nothing."""
    with open_reader(address, "journal") as reader:
        end = reader.ends()[shard]
        count = TAIL_RECORDS
        while True:
            records = reader.last(count, {shard: end})
            for record in reversed(records):
                if record.key == _KEY and record.value is not None:
                    found = journal_records.from_record(_KEY.decode(), record.value.decode())
                    return found if isinstance(found, Positions) else None
            if len(records) < count:
                return None
            count *= TAIL_GROWTH


def first_kept_ms(address: str, topic: str, partition: int, first: int) -> int | None:
    """Return when the first record of a partition was appended; None if it holds none."""
    with open_reader(address, topic) as reader:
        record = next(reader.read({partition: first}), None)
    return None if record is None else record.time_ms
