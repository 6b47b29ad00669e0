"""The records of the topics `ticks` and `orders` as the rule engine gets them, read in parts."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fintank.adapters.consumers import bounds, is_end, is_record, open_consumer
from fintank.adapters.kafka import no_answer
from fintank.adapters.kafka_topics import partition_for
from fintank.adapters.rejected_records import digests
from fintank.adapters.topic_reader import POLL_SECONDS, SILENT_SECONDS_MAX
from fintank.errors import FintankError
from fintank.trading.messages import PortfolioOrder, Quote, TradingState
from fintank.trading.partition_log import Partition, Range, Run
from fintank.wire.bolts import owner_ticks
from fintank.wire.bolts.offsets import runs_of, spout_text
from fintank.wire.bolts.order_stream import OrderMessage
from fintank.wire.kafka import orders, ticks
from fintank.wire.kafka.records import Record, offset_of
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

PART_RECORDS_MAX = 5_000
RECORD_BYTES_MAX = 1024 * 1024
"""The spout rejects what is larger; like what is not UTF-8, it does not reach the rule engine."""

CRC32_VALUES = 2**32

Input = Quote | OrderMessage
Rejects = Mapping[int, Collection[bytes]]
"""By offset: the digests of records that were rejected there; a recreated topic holds others."""
RulesByOffset = Sequence[tuple[int, AllowsNegative]]
"""Which symbols may have prices of 0 and less, and from which offset on; ascending, the first is 0."""


class Part(NamedTuple):
    """The next records of a partition: offset, crc32 of the symbol (None: for every shard), message."""

    first: int
    next: int
    runs: Sequence[Run]
    offsets: Sequence[int]
    hashes: Sequence[int | None]
    messages: Sequence[Input]

    def range(self, shard: int, shards: int) -> Range[Input]:
        """Return the range of one shard of several."""
        is_mine = [of is None or of % shards == shard for of in self.hashes]
        mine = list(compress(self.offsets, is_mine)), list(compress(self.messages, is_mine))
        return Range(self.first, self.next, self.runs, *mine)


class InputLog:
    """One partition, read from an offset on. Made by `open_log`."""

    def __init__(
        self,
        address: str,
        consumer: Consumer,
        partition: Partition,
        first: int,
        end: int,
        *,
        rules: RulesByOffset,
        rejected: Rejects,
    ) -> None:
        self._rules = rules
        self._rejected = rejected
        self.position = first
        self._address = address
        self._consumer = consumer
        self._partition = partition
        self._end = end
        consumer.assign([TopicPartition(partition.topic, partition.number, first)])

    @property
    def left(self) -> int:
        """How many offsets are left to read."""
        return self._end - self.position

    def read(self) -> Part:
        """Read on, by up to PART_RECORDS_MAX records, not past the end."""
        deadline = time.monotonic() + SILENT_SECONDS_MAX
        first = self.position
        records: list[Record] = []
        while self.position == first:
            if time.monotonic() > deadline:
                raise no_answer(self._address)
            for message in self._consumer.consume(PART_RECORDS_MAX, POLL_SECONDS):
                has_record, offset = self._has_record(message), message.offset()
                assert offset is not None
                if has_record and offset < self._end:
                    value, time_ms = message.value(), message.timestamp()[1]
                    records.append(Record(*self._partition, offset, time_ms, None, value))
                    self.position = offset + 1
                elif has_record or is_end(message):
                    # The log may end with the markers of transactions, which are no records.
                    self.position = min(offset, self._end)
        return part_of(self._partition, first, self.position, records, self._rules, rejected=self._rejected)

    def _has_record(self, message: Message) -> bool:
        """Return what is_record does; FintankError if the next record was deleted."""
        try:
            return is_record(message)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._AUTO_OFFSET_RESET:
                raise
            name = f"{self._partition.topic}-{self._partition.number}"
            raise FintankError(
                f"Kafka deleted records of {name} before they were audited: start again"
            ) from error


@contextmanager
def open_log(
    address: str,
    partition: Partition,
    first: int,
    end: int,
    *,
    rules: RulesByOffset,
    rejected: Rejects = MappingProxyType({}),
) -> Iterator[InputLog]:
    """Open a partition for reading from `first` to `end`, both offsets that its log has.

    rejected: the records that could not be read then; today's code may be able to.
    """
    with open_consumer(address, "fintank-audit", reset="error") as consumer:
        yield InputLog(address, consumer, partition, first, end, rules=rules, rejected=rejected)


def log_starts(address: str, ends: Mapping[Partition, int]) -> dict[Partition, int]:
    """Return the first offset that each log still holds; FintankError if one ends before the given end."""
    with open_consumer(address, "fintank-audit") as consumer:
        found = {place: bounds(consumer, TopicPartition(*place)) for place in ends}
    return starts_of(found, ends)


def starts_of(
    found: Mapping[Partition, tuple[int, int]], ends: Mapping[Partition, int]
) -> dict[Partition, int]:
    """Return where logs begin, by where they begin and end; FintankError if one ends before the given end."""
    for place, (_, end) in found.items():
        if end < ends[place]:
            raise FintankError(
                f"{place.topic}-{place.number} ends at offset {end:,}, and {ends[place]:,} were decided on: "
                "the topic was made again, or its broker lost records. "
                "Start the topology first, which takes that in"
            )
    return {place: first for place, (first, _) in found.items()}


def part_of(
    partition: Partition,
    first: int,
    end: int,
    records: Iterable[Record],
    rules: RulesByOffset = (),
    *,
    rejected: Rejects = MappingProxyType({}),
) -> Part:
    """Read records as the spout and the deserializers do; what they reject, or rejected, is left out."""
    usable = [record for record in records if _is_text(record)]
    messages: Sequence[Input]
    if partition.topic == "ticks":
        quotes = _quotes(partition, usable, rules)
        messages, offsets = quotes, [quote.offset for quote in quotes]
    else:
        messages = orders.read(*partition, *_batch(usable)).messages
        offsets = [offset_of(message.input) for message in messages]
    if rejected and not {*offsets}.isdisjoint(rejected):
        left_out = {
            record.offset
            for record in usable
            if record.offset in rejected and not digests(record).isdisjoint(rejected[record.offset])
        }
        was_read = [offset not in left_out for offset in offsets]
        messages, offsets = list(compress(messages, was_read)), list(compress(offsets, was_read))
    return Part(first, end, _runs(usable), offsets, list(map(_hash, messages)), messages)


def _quotes(partition: Partition, records: Sequence[Record], rules: RulesByOffset) -> list[Quote]:
    quotes: list[Quote] = []
    ends = [*(float(first) for first, _ in rules[1:]), inf]
    for (first, allows_negative), end in zip(rules or [(0, only_positive)], ends, strict=True):
        some = [record for record in records if first <= record.offset < end]
        if some:
            batch = ticks.to_lines(*partition, *_batch(some), allows_negative)
            quotes += owner_ticks.quotes(partition.number, "\n".join(batch.quotes))
    return quotes


def _batch(records: Sequence[Record]) -> tuple[str, str]:
    """Return the offsets and the lines of records, as in a tuple of a spout."""
    return spout_text(_runs(records)), "\n".join(record.text for record in records)


def _is_text(record: Record) -> bool:
    value = record.value or b""
    try:
        return len(value) <= RECORD_BYTES_MAX and value.decode() is not None
    except UnicodeDecodeError:
        return False


def _runs(records: Iterable[Record]) -> list[Run]:
    return runs_of((record.offset, record.time_ms) for record in records)


def _hash(message: Input) -> int | None:
    """Return the crc32 of a message's symbol; None if it is for all: a component's depends on the rules."""
    if isinstance(message, TradingState | PortfolioOrder) or message.symbol is None:
        return None
    return partition_for(message.symbol, CRC32_VALUES)
