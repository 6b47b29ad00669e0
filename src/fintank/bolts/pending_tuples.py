"""The tuples that the rule engine has not acked yet, by partition and offset."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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

    def __init__(self) -> None:
        self._heaps: dict[tuple[Partition, str], list[PendingTuple]] = defaultdict(list)
        """By partition and topic id: the offsets of one topic mean nothing in another of its name."""

    def add(self, tup: Tuple, appended_ms: Sequence[int]) -> None:
        """Keep a tuple [owner topic topic_id partition first next ...]."""
        _, topic, topic_id, number, _, next_offset, *_ = tup.values
        heap = self._heaps[Partition(topic, number), topic_id]
        heappush(heap, PendingTuple(next_offset, tup.id, appended_ms))

    def has_any(self, topic: str) -> bool:
        """Whether any tuple of a topic is pending."""
        return any(heap for (partition, _), heap in self._heaps.items() if partition.topic == topic)

    def take(self, is_done: Callable[[Partition, str, int], bool]) -> Iterator[PendingTuple]:
        """Drop and yield the tuples that are done; is_done: whether all before an offset of a topic is."""
        for (partition, topic_id), heap in self._heaps.items():
            while heap and is_done(partition, topic_id, heap[0].next):
                yield heappop(heap)
