"""The tuples that the rule engine has not acked yet, by partition and offset."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from pystorm.component import Tuple

from fintank.trading.partition_log import Partition


class PendingTuple(NamedTuple):
    """A tuple. appended_ms: when each of its orders was appended to Kafka."""

    tuple_id: str
    appended_ms: Sequence[int]


class Offsets(NamedTuple):
    """The offsets first to next - 1."""

    next: int
    first: int


class PendingTuples:
    """Keeps tuples until all shards are past their offsets."""

    def __init__(self) -> None:
        self._heaps: dict[tuple[Partition, str], list[Offsets]] = defaultdict(list)
        """By partition and topic id: the offsets of one topic mean nothing in another of its name."""
        self._tuples: dict[tuple[Partition, str, Offsets], PendingTuple] = {}

    def add(self, tup: Tuple, appended_ms: Sequence[int]) -> list[str]:
        """Keep a tuple [owner topic topic_id partition first next ...].

        Return the ids of the copies that it replaces: Storm sends again only what it has given up.
        """
        _, topic, topic_id, number, first, next_offset, *_ = tup.values
        partition, offsets = Partition(topic, number), Offsets(next_offset, first)
        copy = self._tuples.get((partition, topic_id, offsets))
        self._tuples[partition, topic_id, offsets] = PendingTuple(tup.id, appended_ms)
        if copy is None:
            heappush(self._heaps[partition, topic_id], offsets)
            return []
        return [copy.tuple_id]

    def has_any(self, topic: str) -> bool:
        """Whether any tuple of a topic is pending."""
        return any(heap for (partition, _), heap in self._heaps.items() if partition.topic == topic)

    def take(self, is_done: Callable[[Partition, str, int], bool]) -> Iterator[PendingTuple]:
        """Drop and yield the tuples that are done; is_done: whether all before an offset of a topic is."""
        for (partition, topic_id), heap in self._heaps.items():
            while heap and is_done(partition, topic_id, heap[0].next):
                yield self._tuples.pop((partition, topic_id, heappop(heap)))
