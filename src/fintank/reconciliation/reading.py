"""Reading the topics for the checks, in batches as the spouts make them."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from kafka.admin import KafkaAdminClient

from fintank.adapters.kafka import TOPICS
from fintank.adapters.kafka_groups import PartitionState, partition_states
from fintank.adapters.topic_reader import Positions, TopicReader, open_reader
from fintank.reconciliation.bookings import Booked
from fintank.reconciliation.cancels import AskedCancel, Refused
from fintank.reconciliation.order_reports import Asked, Told
from fintank.reconciliation.rejected import Rejected
from fintank.reconciliation.results import Log, Logs
from fintank.terminal.screen import progress
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, ExecType, Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.trading.reports import ExecutionReport
from fintank.wire.bolts.order_stream import OrderMessage
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.kafka.records import Place, Record, offset_of, read_each

BATCH_RECORDS_MAX = 5_000
NEVER_MS = 2**53
"""Where retention left no record: its first one is yet to be appended."""

Message = TypeVar("Message")

_REJECT_KEY = re.compile(rb"[a-z]+-[0-9]+-[0-9]+")


class Batch(NamedTuple):
    """Records of one partition: `records` joined by newlines and `runs` as a spout writes them.

    offsets and times_ms are of the same records; not_utf8: offset and append time of what is no text.
    """

    partition: int
    runs: str
    records: str
    offsets: list[int]
    times_ms: list[int]
    not_utf8: list[tuple[int, int]]

    def time_ms(self, offset: int) -> int:
        """Return when the record at an offset was appended."""
        return self.times_ms[bisect_left(self.offsets, offset)]

    def unusable(self, used: Collection[int]) -> list[tuple[int, int]]:
        """Return offset and append time of all records but those at the offsets that were used."""
        if len(used) == len(self.offsets):
            return self.not_utf8
        others = sorted(set(self.offsets).difference(used))
        return [*self.not_utf8, *((offset, self.time_ms(offset)) for offset in others)]


class Facts(NamedTuple):
    """What the topics hold of orders; told and booked in the order of each partition's records.

    cancels: those of orders and lists, refused: their refusals.
    told_later: the trades that were reported while the fills were read, if these hold them.
    hidden: the partitions of which an open transaction hid the end.
    """

    asked: list[Asked]
    told: list[Told]
    told_later: list[Told]
    booked: list[Booked]
    hidden: frozenset[tuple[str, int]]
    cancels: list[AskedCancel]
    refused: list[Refused]


def read_logs(address: str, states: Iterable[PartitionState]) -> Logs:
    """Return every partition's log."""
    logs: dict[tuple[str, int], Log] = {}
    for topic in TOPICS:
        found = {state.partition: state for state in states if state.topic == topic}
        oldest = oldest_ms(address, topic, {number: state.first_offset for number, state in found.items()})
        for number, state in found.items():
            logs[topic, number] = Log(state.first_offset, oldest.get(number, 0), state.committed)
    return logs


def oldest_ms(address: str, topic: str, starts: Mapping[int, int]) -> dict[int, int]:
    """Return when the first record was appended of each partition that does not start at offset 0."""
    late = {number: first for number, first in starts.items() if first > 0}
    if not late:
        return {}
    with open_reader(address, topic) as reader:
        found = {number: next(reader.read({number: first}), None) for number, first in late.items()}
    return {number: NEVER_MS if record is None else record.time_ms for number, record in found.items()}


def read_rejected(address: str, logs: Logs) -> Rejected:
    """Return what the topic `rejects` names."""
    with open_reader(address, "rejects") as reader:
        keys = (record.key or b"" for record in reader.read(reader.starts()))
        return Rejected((key.decode() for key in keys if _REJECT_KEY.fullmatch(key)), logs)


def read_facts(
    address: str, admin: KafkaAdminClient, logs: Logs, rejected: Rejected, limits: Limits
) -> Facts:
    """Read orders, executions and fills so that nothing that is written meanwhile is taken for a break.

    An order whose offset was committed before has its answer in `executions`. A report that was read has its
    fill before the end that `fills` has afterwards, and a fill its report likewise. `orders` come last: what
    a report answers was there before it.
    """
    with open_reader(address, "executions") as reader, open_reader(address, "fills") as fill_reader:
        positions = reader.starts()
        told, refused = _told(reader, positions)
        hidden = _hidden("fills", admin)
        starts = fill_reader.starts()
        booked = [Booked(*found) for found in _messages(fill_reader, starts, "fills", fills.from_json)]
        hidden |= _hidden("executions", admin)
        later, refused_later = _told(reader, positions)
    with open_reader(address, "orders") as reader:
        messages = list(_asked(reader, logs, rejected, limits))
    exec_ids = {book.fill.exec_id for book in booked}
    told_later = [
        tell for tell in later if tell.report.exec_type is ExecType.TRADE and tell.report.exec_id in exec_ids
    ]
    asked = [message for message in messages if isinstance(message, Asked)]
    cancels = [message for message in messages if isinstance(message, AskedCancel)]
    refused += refused_later
    return Facts(asked, told, told_later, booked, frozenset(hidden), cancels, refused)


def batches(reader: TopicReader, positions: Positions, doing: str) -> Iterator[Batch]:
    """Read from these positions to the end, and move them on; `doing` is what the progress bar says."""
    waiting: dict[int, list[Record]] = defaultdict(list)
    with progress(transient=True) as bar:
        task = bar.add_task(doing, total=reader.ahead(positions))
        for record in reader.read(positions):
            records = waiting[record.partition]
            records.append(record)
            if len(records) == BATCH_RECORDS_MAX:
                yield _batch(waiting.pop(record.partition))
                bar.advance(task, BATCH_RECORDS_MAX)
        for records in waiting.values():
            yield _batch(records)


def _batch(records: list[Record]) -> Batch:
    runs: list[list[int]] = []
    texts: list[str] = []
    offsets: list[int] = []
    times_ms: list[int] = []
    not_utf8: list[tuple[int, int]] = []
    for record in records:
        offset, time_ms = record.offset, record.time_ms
        try:
            text = (record.value or b"").decode()
        except UnicodeDecodeError:
            not_utf8.append((offset, time_ms))
            continue
        texts.append(text.replace("\n", " ").replace("\r", " "))
        offsets.append(offset)
        times_ms.append(time_ms)
        if runs and runs[-1][2] == time_ms and runs[-1][0] + runs[-1][1] == offset:
            runs[-1][1] += 1
        else:
            runs.append([offset, 1, time_ms])
    written = " ".join(f"{first},{count},{time_ms}" for first, count, time_ms in runs)
    return Batch(records[0].partition, written, "\n".join(texts), offsets, times_ms, not_utf8)


def _told(reader: TopicReader, positions: Positions) -> tuple[list[Told], list[Refused]]:
    told: list[Told] = []
    refused: list[Refused] = []
    for place, time_ms, report in _messages(reader, positions, "executions", executions.from_json):
        if isinstance(report, ExecutionReport):
            told.append(Told(place, time_ms, report))
        else:
            refused.append(Refused(place, time_ms, report))
    return told, refused


def _hidden(topic: str, admin: KafkaAdminClient) -> set[tuple[str, int]]:
    """Return the partitions of which a reader of committed records does not see the end now."""
    return {
        (topic, state.partition) for state in partition_states(admin) if state.topic == topic and state.hidden
    }


def _asked(
    reader: TopicReader, logs: Logs, rejected: Rejected, limits: Limits
) -> Iterator[Asked | AskedCancel]:
    """Yield what each usable message asks for, split as the component-order-creator does."""
    for batch in batches(reader, reader.starts(), "reading orders"):
        messages = (
            orders.read("orders", batch.partition, batch.runs, batch.records).messages
            if batch.offsets
            else []
        )
        used = [offset_of(message.input) for message in messages]
        rejected.check("orders", batch.partition, batch.unusable(used))
        accounted = rejected.offsets("orders", batch.partition)
        log = logs["orders", batch.partition]
        for offset, message in zip(used, messages, strict=True):
            if offset not in accounted:
                time_ms, is_done = batch.time_ms(offset), log.is_done(offset)
                if isinstance(message, Cancel):
                    yield AskedCancel(message, time_ms, is_done)
                for order in _split(message, limits):
                    yield Asked(order, time_ms, is_done)


def _split(message: OrderMessage, limits: Limits) -> Sequence[Order]:
    if isinstance(message, PortfolioOrder):
        return components(message, limits)
    return [message] if isinstance(message, Order) else []


def _messages(
    reader: TopicReader, positions: Positions, topic: str, read: Callable[[str], Message]
) -> Iterator[tuple[str, int, Message]]:
    """Yield the name and the append time of each usable record, and the message that it is."""

    def placed(text: str, place: Place) -> tuple[Place, Message]:
        return place, read(text)

    for batch in batches(reader, positions, f"reading {topic}"):
        if batch.offsets:
            found, _ = read_each(topic, batch.partition, batch.runs, batch.records, placed)
            for place, message in found:
                yield place.input, batch.time_ms(place.offset), message
