"""Finding all that the topics hold of one order.

Its messages can stand anywhere in `orders`, so that is read whole; what came of them is looked for from their
time on, in the partitions where it must be.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from fintank.adapters.kafka import SHARDS, TOPICS, partition_for
from fintank.adapters.kafka_scan import Record, TopicScanner, open_scanner
from fintank.order_history.life import Booked, Life, Sent, Told, orders_of, quote_ids
from fintank.terminal.screen import progress
from fintank.trading.limits import Limits
from fintank.trading.messages import SYMBOL_CHARACTERS_MAX, Cancel, Order, PortfolioOrder, Quote, TradingState
from fintank.wire.kafka import executions, fills, orders, quote_json
from fintank.wire.kafka.rejects import Reject

CLOCK_BACK_MS_MAX = 60_000
"""The broker's clock, by which records are found, may have been set back by so much."""


def find(address: str, order_id: str, limits: Limits) -> Life | None:
    """Return the life of the portfolio order or the order for one symbol with this id; None if unknown."""
    with open_scanner(address, "orders") as scanner:
        sent = _sent(scanner, order_id, limits)
    if not sent:
        return None
    messages = [message for _, message in sent if isinstance(message, Order | PortfolioOrder)]
    cancels = [message for _, message in sent if isinstance(message, Cancel) and message.list_id is None]
    asked = [order for message in messages for order in orders_of(order_id, message, limits)]
    since_ms = min(record.time_ms for record, _ in sent) - CLOCK_BACK_MS_MAX
    with open_scanner(address, "executions") as scanner:
        reports = _reports(scanner, asked, cancels, since_ms)
    exec_ids = {report.exec_id for _, report in reports if quote_ids(report)}
    with open_scanner(address, "fills") as scanner:
        booked = _fills(scanner, asked, since_ms, exec_ids)
    with open_scanner(address, "ticks") as scanner:
        quotes = _quotes(scanner, {quote_id for _, report in reports for quote_id in quote_ids(report)})
    return Life(order_id, sent, reports, booked, quotes, limits)


def _sent(scanner: TopicScanner, order_id: str, limits: Limits) -> list[Sent]:
    may_name = _names_perhaps(order_id)
    sent = [
        (record, message)
        for record in _all(scanner, scanner.starts(), "orders")
        if record.value is not None and may_name(record.value)
        for message in _messages(record, record.value)
        if _is_named(order_id, message, limits)
    ]
    return sorted(sent, key=lambda found: (found[0].time_ms, found[0].partition, found[0].offset))


def _names_perhaps(order_id: str) -> Callable[[bytes], bool]:
    """Return a quick test that no record fails which has to do with the id; few others pass it."""
    # Of a portfolio order: also a cancel of one of its components.
    wanted: list[tuple[bytes, ...]] = [(_quoted(order_id),), (_quoted(order_id)[:-1] + b"-",)]
    for position, character in enumerate(order_id):
        symbol = order_id[position + 1 :]
        if character == "-" and len(symbol) <= SYMBOL_CHARACTERS_MAX:
            wanted.append((_quoted(order_id[:position]), _quoted(symbol)))
            wanted.append((_quoted(order_id[:position]), _quoted("list_id")))

    def test(value: bytes) -> bool:
        # With an escape in it, any text may be written differently.
        return b"\\" in value or any(all(text in value for text in texts) for texts in wanted)

    return test


def _quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode(errors="backslashreplace")


def _messages(record: Record, value: bytes) -> list[Order | PortfolioOrder | Cancel | Reject]:
    """Read a record as the order-deserializer does; nothing when it is not UTF-8."""
    try:
        text = value.decode().replace("\n", " ").replace("\r", " ")
    except UnicodeDecodeError:
        return []
    messages, rejects = orders.read(
        record.topic, record.partition, f"{record.offset},1,{record.time_ms}", text
    )
    return [*(message for message in messages if not isinstance(message, TradingState)), *rejects]


def _is_named(order_id: str, message: Order | PortfolioOrder | Cancel | Reject, limits: Limits) -> bool:
    if isinstance(message, Reject):
        return _quoted(order_id) in message.payload.encode()
    if isinstance(message, Cancel):
        named = message.list_id or message.orig_cl_ord_id or ""
        return named == order_id or named.startswith(f"{order_id}-") or order_id.startswith(f"{named}-")
    if isinstance(message, PortfolioOrder) and message.order_id == order_id:
        return True  # it may have no component: all CASH
    return bool(orders_of(order_id, message, limits))


def _reports(
    scanner: TopicScanner, asked: Iterable[Order], cancels: Iterable[Cancel], since_ms: int
) -> list[Told]:
    identities = {order.identity for order in asked} | {cancel.identity for cancel in cancels}
    keys = {identity.cl_ord_id.encode() for identity in identities}
    starts = scanner.starts({partition_for(identity.symbol, SHARDS) for identity in identities}, since_ms)
    reports: list[Told] = []
    for record in _all(scanner, starts, "executions"):
        if record.key in keys and record.value is not None:
            with suppress(ValueError):  # what is no report is in the topic rejects
                report = executions.from_json(record.value.decode())
                if (report.account, report.symbol, report.cl_ord_id) in identities:
                    reports.append((record, report))
    return reports


def _fills(
    scanner: TopicScanner, asked: Iterable[Order], since_ms: int, exec_ids: set[str]
) -> dict[str, Booked]:
    accounts = {order.account for order in asked} if exec_ids else set()
    keys = {account.encode() for account in accounts}
    partitions = {partition_for(account, TOPICS["fills"].partitions) for account in accounts}
    booked: dict[str, Booked] = {}
    for record in _all(scanner, scanner.starts(partitions, since_ms), "fills"):
        if record.key in keys and record.value is not None:
            with suppress(ValueError):
                fill = fills.from_json(record.value.decode())
                if fill.exec_id in exec_ids:
                    booked[fill.exec_id] = (record, fill)
    return booked


def _quotes(scanner: TopicScanner, wanted: Iterable[str]) -> dict[str, Quote]:
    places = sorted(tuple(map(int, quote_id.split("-"))) for quote_id in wanted)
    quotes: dict[str, Quote] = {}
    with progress(transient=True) as bar:
        for partition, offset in bar.track(places, description="reading ticks"):
            record = scanner.record_at(partition, offset)
            if record is not None and record.value is not None:
                with suppress(ValueError):
                    quote = quote_json.from_json(record.value.decode(), partition, offset)
                    quotes[quote.quote_id] = quote
    return quotes


def _all(scanner: TopicScanner, starts: dict[int, int], topic: str) -> Iterator[Record]:
    with progress(transient=True) as bar:
        total = scanner.ahead(starts)
        yield from bar.track(scanner.read(starts), total=total, description=f"reading {topic}")
