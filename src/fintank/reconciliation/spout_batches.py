"""Reading a topic in batches as the spouts emit them, for the code that turns batches into lines."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import NamedTuple

from fintank.adapters.topic_reader import Positions, TopicReader, batches
from fintank.terminal.screen import track
from fintank.wire.bolts.offsets import runs_of, spout_text
from fintank.wire.kafka.records import Record

BATCH_RECORDS_MAX = 5_000


class SpoutBatch(NamedTuple):
    """Records of one partition: `records` joined by newlines and `runs` as a spout writes them.

    offsets and times_ms are those of `records`; not_utf8: offset and append time of each record that is not
    UTF-8.
    """

    partition: int
    runs: str
    records: str
    offsets: list[int]
    times_ms: list[int]
    not_utf8: list[tuple[int, int]]

    def unusable(self, used: Collection[int]) -> list[tuple[int, int]]:
        """Return offset and append time of all records but those at the used offsets."""
        if len(used) == len(self.offsets):
            return self.not_utf8
        others = sorted(set(self.offsets).difference(used))
        return [
            *self.not_utf8,
            *((offset, self.times_ms[bisect_left(self.offsets, offset)]) for offset in others),
        ]


def read_batches(reader: TopicReader, positions: Positions, description: str) -> Iterator[SpoutBatch]:
    """Read from these positions to the end, and advance them; show a progress bar."""
    records = track(reader.read(positions), reader.ahead(positions), description)
    yield from map(_batch, batches(records, BATCH_RECORDS_MAX))


def _batch(records: list[Record]) -> SpoutBatch:
    texts: list[str] = []
    offsets: list[int] = []
    times_ms: list[int] = []
    not_utf8: list[tuple[int, int]] = []
    for record in records:
        offset, time_ms = record.offset, record.time_ms
        try:
            texts.append(record.text)
        except UnicodeDecodeError:
            not_utf8.append((offset, time_ms))
            continue
        offsets.append(offset)
        times_ms.append(time_ms)
    runs = spout_text(runs_of(zip(offsets, times_ms, strict=True)))
    return SpoutBatch(records[0].partition, runs, "\n".join(texts), offsets, times_ms, not_utf8)
