"""The journals and timelines of a new generation: invisible until the last transaction."""

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException, Producer

from fintank.adapters import journal
from fintank.adapters.kafka_topics import topic_of
from fintank.errors import FintankError
from fintank.trading.changes import Entry
from fintank.trading.timeline import Resharded
from fintank.wire.kafka import journal_records, timeline_records

TRANSACTION_RECORDS = 10_000


class NewJournals:
    """Writes what the new shards remember; whoever adopts a shard meanwhile fences it."""

    def __init__(self, generation: int, producer: Producer) -> None:
        self._journal = topic_of("journal", generation)
        self._timeline = topic_of("timeline", generation)
        self._producer = producer
        self._records: list[journal.LogRecord] = []
        self.entries = 0

    def add(self, shard: int, entry: Entry) -> None:
        """Write an entry of a shard, soon."""
        self._records.append((self._journal, shard, *journal_records.to_record(entry)))
        self.entries += 1
        if len(self._records) >= TRANSACTION_RECORDS:
            self._write([])

    def complete(self, shared: Mapping[int, Iterable[Entry]], beginning: Resharded) -> None:
        """Write what is left, and with it, in one transaction, the beginnings of the timelines."""
        for shard, entries in shared.items():
            for entry in entries:
                self.add(shard, entry)
        record = timeline_records.to_record(beginning)
        self._write([(self._timeline, shard, *record) for shard in shared])

    def _write(self, last: Iterable[journal.LogRecord]) -> None:
        try:
            journal.write(self._producer, [*self._records, *last])
        except KafkaException as error:
            if error.args[0].code() not in journal.FENCED:
                raise
            raise FintankError(
                "nothing was changed, because a topology or another `invoke reshard` has started: stop "
                "it, then run `invoke reshard` again"
            ) from error
        self._records = []
