"""What one demo run left in Kafka: its orders, their executions and fills, and the rejects."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from fintank.adapters.kafka import SHARDS, partition_for
from fintank.adapters.topic_reader import Positions, open_reader
from fintank.order_history.life import orders_of
from fintank.trading.clock import Clock, ClockState
from fintank.trading.limits import Limits
from fintank.trading.messages import Identity, Order, PortfolioOrder, Quote
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.trading.reports import ExecutionReport, Fill
from fintank.waiting import now_us
from fintank.wire.kafka import executions, fills, orders, tick_json
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
    now = now_us()
    # Quotes that arrived earlier are too old by now, whatever their timestamps.
    since_ms = (now - limits.max_quote_age_us) // 1000
    reasons = {}
    read = partial(tick_json.from_record, allows_negative=limits.instruments.allows_negative)
    with open_reader(address, "ticks") as reader:
        for symbol in symbols:
            found = reader.read(reader.starts([partition_for(symbol, SHARDS)], since_ms))
            own = (record for record in found if record.key == symbol.encode())
            quotes = messages(own, read)
            reason = wait_reason(((quote, record.time_ms * 1000) for record, quote in quotes), now, limits)
            if reason is not None:
                reasons[symbol] = reason
    return reasons


def wait_reason(quotes: Iterable[tuple[Quote, int]], now_us: int, limits: Limits) -> str | None:
    """Return why an order can't trade, given its symbol's quotes and their arrival times; None if it can."""
    book: QuoteBook | None = None
    for quote, arrival_us in quotes:
        if book is None:
            clock = Clock(ClockState(quote.time_us, arrival_us))
            book = QuoteBook(quote.symbol, clock, limits, Counts())
        book.accept(quote, arrival_us)
    if book is None:
        return "there is no quote"
    market = book.market(book.clock.now(now_us))
    if not market.bids or not market.asks:
        return "the quotes cross each other" if market.crossing else "a side has no quote that is new enough"
    if any(level.left is not None for level in (*market.bids, *market.asks)):
        return "the quotes have sizes, and no more than the displayed size is traded"
    return None


def _id(message: Order | PortfolioOrder) -> str:
    return message.cl_ord_id if isinstance(message, Order) else message.order_id
