"""The tuples that the rule engine has not acked yet, by partition and offset."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from pystorm.component import Tuple

from fintank.trading.partition_log import Partition


class PendingTuple(NamedTuple):
    """A tuple whose offsets end before `next`. appended_ms: when each of its orders was appended to Kafka."""

    next: int
    tuple_id: str
    appended_ms: Sequence[int]


class PendingTuples:
    """Keeps tuples until all shards are past their offsets."""

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self._heaps: dict[Partition, list[PendingTuple]] = {partition: [] for partition in partitions}

    def add(self, tup: Tuple, appended_ms: Sequence[int]) -> None:
        """Keep a tuple [owner topic partition first next ...]."""
        _, topic, number, _, next_offset, *_ = tup.values
        heappush(self._heaps[Partition(topic, number)], PendingTuple(next_offset, tup.id, appended_ms))

    def has_any(self, topic: str) -> bool:
        """Whether any tuple of a topic is pending."""
        return any(heap for partition, heap in self._heaps.items() if partition.topic == topic)

    def take(self, committed: Sequence[Mapping[Partition, int | None]]) -> Iterator[PendingTuple]:
        """Drop and yield the tuples that every shard is past; committed: how far each shard is. Without a
        shard there is nothing to wait for."""
        for partition, heap in self._heaps.items():
            while heap and all((offsets[partition] or 0) >= heap[0].next for offsets in committed):
                yield heappop(heap)
