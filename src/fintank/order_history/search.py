"""Finding all that the topics hold about one order.

Its messages can be anywhere in `orders`, so all of that is read; their reports and fills are searched from
then on, in the partitions where they must be.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from fintank.adapters.kafka_topics import fills_partition, reports_partition
from fintank.adapters.topic_reader import CLOCK_BACK_MS_MAX, TopicReader, open_reader
from fintank.order_history import waiting_reason
from fintank.order_history.chains import chains, is_named, quoted
from fintank.order_history.life import Booked, Life, Reported, Sent, orders_of, quote_ids
from fintank.order_history.open_order import open_order
from fintank.order_history.states_in_force import in_force
from fintank.terminal.screen import track
from fintank.trading.limits import Limits
from fintank.trading.messages import (
    CHARACTERS_MAX,
    Cancel,
    Identity,
    Order,
    PortfolioOrder,
    Quote,
    TradingState,
)
from fintank.trading.requests import MassCancel, Replace
from fintank.waiting import now_us
from fintank.wire.kafka import executions, fills, orders, tick_json
from fintank.wire.kafka.records import Record, messages

IS_LATE = "nothing in the market holds it up: `invoke topics` shows whether decisions are late"


def find(address: str, order_id: str, limits: Limits) -> list[Life]:
    """Return the lives of the portfolio orders and orders for one symbol with this id; none if it is unknown.

    More than one, if some came with the id and others got it by a replace.
    """
    with open_reader(address, "orders") as reader:
        ids, sent = _linked(reader, order_id, limits)
    if not sent:
        return []
    messages = [message for _, message in sent if isinstance(message, Order | PortfolioOrder)]
    requests = [
        message
        for _, message in sent
        if isinstance(message, Replace) or (isinstance(message, Cancel) and message.list_id is None)
    ]
    requested = [order for name in ids for message in messages for order in orders_of(name, message, limits)]
    since_ms = min(record.time_ms for record, _ in sent) - CLOCK_BACK_MS_MAX
    with open_reader(address, "executions") as reader:
        reports = _reports(reader, requested, requests, since_ms)
    exec_ids = {report.exec_id for _, report in reports if quote_ids(report)}
    with open_reader(address, "fills") as reader:
        booked = _fills(reader, requested, since_ms, exec_ids)
    with open_reader(address, "ticks") as reader:
        wanted = {quote_id for _, report in reports for quote_id in quote_ids(report)}
        quotes = _quotes(reader, wanted, limits)
    lives = [Life(*chain, booked, quotes, limits) for chain in chains(order_id, sent, reports, limits)]
    return [replace(life, waits=_waits(address, life)) for life in lives]


def _waits(address: str, life: Life) -> dict[Identity, str]:
    """Return why each open order waits, by its present identity."""
    waiting = [each for order in life.orders if (each := open_order(life, order)) is not None]
    states = in_force(address) if waiting else []
    found = {}
    for working in waiting:
        order = working.order
        quotes = waiting_reason.recent_quotes(address, order.symbol, life.limits)
        why = waiting_reason.of_order(working, quotes, states, now_us(), life.limits)
        found[order.identity] = why or IS_LATE
    return found


def _linked(reader: TopicReader, order_id: str, limits: Limits) -> tuple[list[str], list[Sent]]:
    """Return an id and all that replaces link to it, and what was sent about any of them.

    The topic is read once for each id.
    """
    found: dict[str, Sent] = {}
    ids = [order_id]
    for name in ids:
        for record, message in _sent(reader, name, limits):
            found[record.place] = (record, message)
            if isinstance(message, Replace):
                ids += [each for each in (message.orig_cl_ord_id, message.cl_ord_id) if each not in ids]
    sent = sorted(found.values(), key=lambda sent: (sent[0].time_ms, sent[0].partition, sent[0].offset))
    return ids, sent


def _sent(reader: TopicReader, order_id: str, limits: Limits) -> list[Sent]:
    may_name = _prefilter(order_id)
    return [
        (record, message)
        for record in _read(reader, reader.starts(), "orders")
        if record.value is not None and may_name(record.value)
        if not isinstance(message := orders.from_record(record), TradingState | MassCancel)
        if is_named(order_id, message, limits)
    ]


def _prefilter(order_id: str) -> Callable[[bytes], bool]:
    """Return a quick test that every record about the id passes, and few others."""
    # A cancel of a component is also about its portfolio order.
    wanted: list[tuple[bytes, ...]] = [(quoted(order_id),), (quoted(order_id)[:-1] + b"-",)]
    for position, character in enumerate(order_id):
        symbol = order_id[position + 1 :]
        if character == "-" and len(symbol) <= CHARACTERS_MAX["symbol"]:
            wanted.append((quoted(order_id[:position]), quoted(symbol)))
            wanted.append((quoted(order_id[:position]), quoted("list_id")))

    def test(value: bytes) -> bool:
        # JSON escapes can write the same text differently.
        return b"\\" in value or any(all(text in value for text in texts) for texts in wanted)

    return test


def _reports(
    reader: TopicReader, requested: Iterable[Order], requests: Iterable[Cancel | Replace], since_ms: int
) -> list[Reported]:
    identities = {order.identity for order in requested} | {request.identity for request in requests}
    keys = {identity.cl_ord_id.encode() for identity in identities}
    starts = reader.starts({reports_partition(identity.symbol) for identity in identities}, since_ms)
    own = (record for record in _read(reader, starts, "executions") if record.key in keys)
    return [
        (record, report)
        for record, report in messages(own, executions.from_record)
        if report.identity in identities
    ]


def _fills(
    reader: TopicReader, requested: Iterable[Order], since_ms: int, exec_ids: set[str]
) -> dict[str, Booked]:
    accounts = {order.account for order in requested} if exec_ids else set()
    keys = {account.encode() for account in accounts}
    starts = reader.starts(set(map(fills_partition, accounts)), since_ms)
    own = (record for record in _read(reader, starts, "fills") if record.key in keys)
    return {
        fill.exec_id: (record, fill)
        for record, fill in messages(own, fills.from_record)
        if fill.exec_id in exec_ids
    }


def _quotes(reader: TopicReader, wanted: Iterable[str], limits: Limits) -> dict[str, Quote]:
    places = sorted(tuple(map(int, quote_id.split("-"))) for quote_id in wanted)
    found = (reader.record_at(*place) for place in track(places, len(places), "reading ticks"))
    kept = (record for record in found if record is not None)
    read = partial(tick_json.from_record, allows_negative=limits.instruments.allows_negative)
    return {quote.quote_id: quote for _, quote in messages(kept, read)}


def _read(reader: TopicReader, starts: dict[int, int], topic: str) -> Iterator[Record]:
    return track(reader.read(starts), reader.ahead(starts), f"reading {topic}")
