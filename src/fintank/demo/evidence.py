"""What one demo run left in Kafka: its orders, their executions and fills, and the rejects."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fintank.adapters.topic_reader import Positions, open_reader
from fintank.order_history import waiting_reason
from fintank.order_history.life import orders_of
from fintank.trading.limits import Limits
from fintank.trading.messages import Identity, Order, PortfolioOrder
from fintank.trading.reports import ExecutionReport, Fill
from fintank.waiting import now_us
from fintank.wire.kafka import executions, fills, orders
from fintank.wire.kafka.records import Record, messages


@dataclass(frozen=True)
class Evidence:
    """The records of one run, recognized by the common prefix of its order ids.

    messages: the number of order messages. orders: the orders for one symbol in them, portfolio orders split
    into their components, each with its record. rejects: counted by the topic of the rejected record, and of
    any run, because a rejected record may have no id.
    """

    messages: int
    orders: Mapping[Identity, tuple[Record, Order]]
    reports: list[tuple[Record, ExecutionReport]]
    fills: list[Fill]
    rejects: Counter[str]


def read(address: str, positions: Mapping[str, Positions], name: str, limits: Limits) -> Evidence:
    """Read each topic from its positions to its end."""
    records = {}
    for topic in ("orders", "executions", "fills", "rejects"):
        with open_reader(address, topic) as reader:
            records[topic] = list(reader.read(dict(positions[topic])))
    named = (record for record in records["orders"] if name.encode() in (record.value or b""))
    sent = [
        (record, message)
        for record, message in messages(named, orders.from_record)
        if isinstance(message, Order | PortfolioOrder) and _id(message).startswith(name)
    ]
    return Evidence(
        messages=len(sent),
        orders={
            order.identity: (record, order)
            for record, message in sent
            for order in orders_of(_id(message), message, limits)
        },
        reports=[
            (record, report)
            for record, report in messages(records["executions"], executions.from_record)
            if isinstance(report, ExecutionReport) and report.identity.cl_ord_id.startswith(name)
        ],
        fills=[
            fill
            for _, fill in messages(records["fills"], fills.from_record)
            if fill.cl_ord_id.startswith(name)
        ],
        rejects=Counter((record.key or b"").decode().split("-")[0] for record in records["rejects"]),
    )


def wait_reasons(address: str, symbols: Iterable[str], limits: Limits) -> dict[str, str]:
    """Return, by symbol, why its orders can't trade now; symbols whose orders can are left out."""
    reasons = {}
    for symbol in symbols:
        quotes = waiting_reason.recent_quotes(address, symbol, limits)
        reason = waiting_reason.of_symbol(symbol, quotes, now_us(), limits)
        if reason is not None:
            reasons[symbol] = reason
    return reasons


def _id(message: Order | PortfolioOrder) -> str:
    return message.cl_ord_id if isinstance(message, Order) else message.order_id
