"""What Kafka holds of one shard besides its journal's entries: its timeline, and how far it has decided."""

from collections.abc import Iterable

from fintank.adapters.kafka_topics import topic_of
from fintank.adapters.topic_reader import TopicReader, open_reader
from fintank.trading.log_positions import Positions
from fintank.trading.timeline import TimelineEvent
from fintank.wire.kafka import journal_records, timeline_records
from fintank.wire.kafka.journal_records import POSITIONS_KEY

TAIL_RECORDS = 100
TAIL_GROWTH = 10


def timelines(address: str, generation: int, shards: int) -> list[list[TimelineEvent]]:
    """Return what the timelines of all shards hold."""
    found: list[list[TimelineEvent]] = [[] for _ in range(shards)]
    with open_reader(address, topic_of("timeline", generation)) as reader:
        for record in reader.read(reader.starts(range(shards))):
            found[record.partition].append(timeline_records.from_record(record))
    return found


def decided_positions(address: str, generation: int, shards: Iterable[int]) -> list[Positions | None]:
    """Return how far shards have decided, by their journals; None for one that has decided nothing."""
    with open_reader(address, topic_of("journal", generation)) as reader:
        return [_decided(reader, shard) for shard in shards]


def _decided(reader: TopicReader, shard: int) -> Positions | None:
    ends = reader.ends([shard])
    count = TAIL_RECORDS
    while True:
        records = reader.last(count, ends)
        for record in reversed(records):
            if record.key == POSITIONS_KEY and record.value is not None:
                found = journal_records.from_record(POSITIONS_KEY.decode(), record.value.decode())
                return found if isinstance(found, Positions) else None
        if len(records) < count:
            return None
        count *= TAIL_GROWTH
