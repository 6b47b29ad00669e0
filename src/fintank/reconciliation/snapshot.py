"""All orders, cancels, reports and fills of the topics, read so that concurrent writes cause no breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from kafka.admin import KafkaAdminClient

from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.topic_reader import Positions, TopicReader, open_reader
from fintank.reconciliation.findings import Result
from fintank.reconciliation.topic_logs import PartitionKey, TopicLogs
from fintank.terminal.screen import track
from fintank.trading.decimals import plain
from fintank.trading.limits import Limits
from fintank.trading.messages import ExecType, Identity, Order
from fintank.trading.portfolio import split_message
from fintank.trading.reports import ExecutionReport, Fill, OrderCancelReject
from fintank.trading.requests import CancelRequest
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.kafka.records import Record, messages
from fintank.wire.kafka.rejects import Reject

Message = TypeVar("Message")


class Recorded(NamedTuple, Generic[Message]):
    """A message and its record, named topic-partition-offset; is_done: its offset is committed."""

    place: str
    time_ms: int
    message: Message
    is_done: bool = True


def order_name(identity: Identity) -> str:
    """Name an order, or a cancel."""
    return f"{identity.cl_ord_id} of {identity.account} for {identity.symbol}"


def shown(value: object) -> str:
    """Format a value for a person."""
    return plain(value) if isinstance(value, Decimal) else "nothing" if value is None else str(value)


@dataclass(frozen=True)
class Snapshot:
    """What the topics hold, each list in the order of its partitions' records.

    orders: for one symbol each. cancels: replaces and mass cancels among them. later_trades: reported while
    the fills were read, which hold them.
    """

    orders: list[Recorded[Order]]
    cancels: list[Recorded[CancelRequest]]
    reports: list[Recorded[ExecutionReport]]
    later_trades: list[Recorded[ExecutionReport]]
    cancel_rejects: list[Recorded[OrderCancelReject]]
    fills: list[Recorded[Fill]]


def read_snapshot(
    address: str, admin: KafkaAdminClient, logs: TopicLogs, unusable: Result, limits: Limits
) -> Snapshot:
    """Read the topics, and note in `logs` which partitions have a hidden end.

    An order whose offset was committed before has its answer in `executions`. A report that was read has its
    fill before the end that `fills` has afterwards, and a fill its report likewise. `orders` come last: what
    a report answers was there before it.
    """
    with open_reader(address, "executions") as reader, open_reader(address, "fills") as fill_reader:
        positions = reader.starts()
        reports, cancel_rejects = _read_reports(reader, positions)
        hidden = _hidden("fills", admin)
        booked = [
            Recorded(record.place, record.time_ms, fill)
            for record, fill in messages(_read(fill_reader, fill_reader.starts(), "fills"), fills.from_record)
        ]
        logs.hidden = hidden | _hidden("executions", admin)
        later, later_rejects = _read_reports(reader, positions)
    with open_reader(address, "orders") as reader:
        requested, cancels = _read_requests(reader, logs, unusable, limits)
    exec_ids = {entry.message.exec_id for entry in booked}
    later_trades = [
        entry
        for entry in later
        if entry.message.exec_type is ExecType.TRADE and entry.message.exec_id in exec_ids
    ]
    return Snapshot(requested, cancels, reports, later_trades, cancel_rejects + later_rejects, booked)


def _read(reader: TopicReader, positions: Positions, topic: str) -> Iterator[Record]:
    return track(reader.read(positions), reader.ahead(positions), f"reading {topic}")


def _hidden(topic: str, admin: KafkaAdminClient) -> frozenset[PartitionKey]:
    """Return the partitions of a topic that have an open transaction now."""
    return frozenset(
        (topic, state.partition) for state in partition_states(admin) if state.topic == topic and state.hidden
    )


def _read_reports(
    reader: TopicReader, positions: Positions
) -> tuple[list[Recorded[ExecutionReport]], list[Recorded[OrderCancelReject]]]:
    reports: list[Recorded[ExecutionReport]] = []
    cancel_rejects: list[Recorded[OrderCancelReject]] = []
    for record, report in messages(_read(reader, positions, "executions"), executions.from_record):
        if isinstance(report, ExecutionReport):
            reports.append(Recorded(record.place, record.time_ms, report))
        else:
            cancel_rejects.append(Recorded(record.place, record.time_ms, report))
    return reports, cancel_rejects


def _read_requests(
    reader: TopicReader, logs: TopicLogs, unusable: Result, limits: Limits
) -> tuple[list[Recorded[Order]], list[Recorded[CancelRequest]]]:
    """Read the usable messages of `orders`, split as the component-order-creator does."""
    requested: list[Recorded[Order]] = []
    cancels: list[Recorded[CancelRequest]] = []
    for record in _read(reader, reader.starts(), "orders"):
        message = orders.from_record(record)
        partition = (record.topic, record.partition)
        log = logs.partitions[partition]
        if isinstance(message, Reject):
            logs.check_unusable(unusable, partition, [(record.offset, record.time_ms)])
        elif record.offset not in log.unread:
            is_done = log.is_done(record.offset)
            if isinstance(message, CancelRequest):
                cancels.append(Recorded(record.place, record.time_ms, message, is_done))
            for order in split_message(message, limits):
                requested.append(Recorded(record.place, record.time_ms, order, is_done))
    return requested, cancels
