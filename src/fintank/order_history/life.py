"""The life of an order as lines of text."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from fintank.order_history.requested import requested
from fintank.terminal.texts import utc
from fintank.trading.decimals import plain
from fintank.trading.ledger import Position, positions
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, ExecType, Identity, Order, PortfolioOrder, Quote
from fintank.trading.portfolio import split_message
from fintank.trading.reports import ExecutionReport, Fill, Report
from fintank.trading.requests import Replace
from fintank.wire.bolts.order_stream import OrderMessage
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reject

Message = Order | PortfolioOrder | Cancel | Replace | Reject
Sent = tuple[Record, Message]
Reported = tuple[Record, Report]
Booked = tuple[Record, Fill]
Event = tuple[Record, list[str]]

_TICKS = "ticks-"
PLACE_WIDTH = 24
ON_ARRIVAL_MS_MAX = 1_000
"""What an order does at once is written with its NEW or REPLACED; what it does as time passes, later."""
INDENT = " " * (len("2026-01-01T00:00:00.000Z  ") + PLACE_WIDTH)


@dataclass(frozen=True)
class Life:
    """All that the topics hold about one id.

    sent: its messages, reports: their reports, each in the order of the records. fills: by exec_id.
    quotes: by quote_id, those still in `ticks` that it traded on or that triggered a trade. waits: why each
    open order waits, where that is known.
    """

    id: str
    sent: Sequence[Sent]
    reports: Sequence[Reported]
    fills: Mapping[str, Booked]
    quotes: Mapping[str, Quote]
    limits: Limits
    waits: Mapping[Identity, str] = field(default_factory=dict)

    @property
    def messages(self) -> list[Order | PortfolioOrder]:
        """Its orders, without cancels and rejects."""
        return [message for _, message in self.sent if isinstance(message, Order | PortfolioOrder)]

    @property
    def orders(self) -> list[Order]:
        """Each order for one symbol, as first requested."""
        first: dict[Identity, Order] = {}
        for message in self.messages:
            for order in orders_of(self.id, message, self.limits):
                first.setdefault(order.identity, order)
        return list(first.values())


def orders_of(life_id: str, message: OrderMessage, limits: Limits) -> list[Order]:
    """Return those orders of a message, itself or its components, that an id names.

    The id of a portfolio order names all of its components, a cl_ord_id only its own.
    """
    return [order for order in split_message(message, limits) if life_id in (order.list_id, order.cl_ord_id)]


def quote_ids(report: Report) -> set[str]:
    """Return the quotes that a trade was made on, and the one whose tick triggered it."""
    if not isinstance(report, ExecutionReport) or report.exec_type is not ExecType.TRADE:
        return set()
    trigger = {report.input.removeprefix(_TICKS)} if report.input.startswith(_TICKS) else set()
    return trigger.union(report.quote_ids)


def timeline(life: Life) -> Iterator[str]:
    """Yield the lines: every event by Kafka's append time, then the totals."""
    yield f"Order {life.id}"
    yield ""
    # All records of one transaction may have the same time.
    events = [*_received(life), *_decided(life)]
    events.sort(key=lambda event: (event[0].time_ms, event[0].topic != "orders", event[0].partition))
    for record, (first, *others) in events:
        yield f"{utc(record.time_ms)}  {record.place:<{PLACE_WIDTH}}{first}"
        yield from (INDENT + line for line in others)
    if orders := life.orders:
        yield ""
        yield from _totals(life, orders)
        for identity, why in life.waits.items():
            yield f"{identity.cl_ord_id} waits: {why}"


def _received(life: Life) -> Iterator[Event]:
    first_hash: dict[tuple[str | None, ...], str] = {}
    for record, message in life.sent:
        if isinstance(message, Reject):
            yield (record, [f"rejected, not an order: {message.reason} {message.detail}"])
            continue
        kinds = {Cancel: "cancel", Replace: "replace"}
        kind = kinds.get(type(message), "order")
        orders = [] if isinstance(message, Cancel | Replace) else orders_of(life.id, message, life.limits)
        names = list(_names(message, orders))
        known = {first_hash[name] for name in names if name in first_hash}
        lines = list(requested(message, orders, life.id))
        if message.content_hash in known:
            lines = [f"the same {kind} again: it is processed once"]
        elif known:
            lines[0] = f"the same id again with other content: {lines[0]}"
        for name in names:
            first_hash.setdefault(name, message.content_hash)
        yield (record, lines)


def _names(
    message: Order | PortfolioOrder | Cancel | Replace, orders: Sequence[Order]
) -> Iterator[tuple[str | None, ...]]:
    """Yield the names that no other message may have; requests have a namespace of their own."""
    if isinstance(message, Cancel | Replace):
        yield "request", message.account, message.symbol, message.cl_ord_id
        return
    if isinstance(message, PortfolioOrder):
        yield "portfolio", message.account, message.order_id
    for order in orders:
        yield "order", *order.identity


def _decided(life: Life) -> Iterator[Event]:
    for record, report in life.reports:
        if not isinstance(report, ExecutionReport):
            why = f"{report.text}, the order is {report.ord_status}"
            first = f"{report.symbol:<8} {report.exec_type} {report.cl_ord_id}: {why}"
            yield (record, [first, *_rests_on(report)])
            continue
        nbbo = f"NBBO {_or_none(report.bid)} / {_or_none(report.ask)}"
        has_nbbo = report.exec_type is not ExecType.EXPIRED
        words = (_what(report), _cause(life, record, report), nbbo if has_nbbo else "")
        what = [text for text in words if text]
        lines = [f"{report.symbol:<8} {report.exec_type:<8} {', '.join(what)}", *_rests_on(report)]
        lines += [_quote(life, report, quote_id) for quote_id in report.quote_ids]
        if report.exec_type is ExecType.TRADE:
            lines.append(_booking(life, report))
        yield (record, lines)


def _rests_on(report: Report) -> Iterator[str]:
    """Yield a line of when, by the logs, a report was decided, and up to which ticks."""
    if report.log_time_us is not None:
        as_of = "without a quote" if report.as_of is None else f"as of ticks {report.as_of}"
        yield f"  decided at log time {utc(report.log_time_us / 1000)}, {as_of}"


def _cause(life: Life, record: Record, report: ExecutionReport) -> str:
    """Return what triggered a report: a message, or time, when its input is still the order's own message.

    That is the one that it came with, or the latest replace.
    """
    if report.exec_type is ExecType.EXPIRED:
        return f"at its expiry, {utc(report.transact_time_us / 1000)}"
    answer = next(
        (
            (found, other.exec_type)
            for found, other in life.reports
            if other.exec_type in (ExecType.NEW, ExecType.REPLACED)
            and (other.account, other.input) == (report.account, report.input)
        ),
        None,
    )
    if answer is not None and record.time_ms - answer[0].time_ms >= ON_ARRIVAL_MS_MAX:
        return "as time passed"
    is_new = answer is not None and answer[1] == ExecType.NEW
    return "on arrival" if is_new or report.exec_type is ExecType.REJECTED else f"by {report.input}"


def _what(report: ExecutionReport) -> str:
    if report.exec_type is ExecType.REPLACED:
        return f"{report.orig_cl_ord_id} is {report.cl_ord_id} now"
    if report.last_qty is None or report.last_px is None:
        return report.text or ""
    trade = f"{report.side} {plain(report.last_qty)} at {plain(report.last_px)} on {report.last_mkt}"
    return f"{report.ord_status}: {trade}"


def _quote(life: Life, report: ExecutionReport, quote_id: str) -> str:
    quote = life.quotes.get(quote_id)
    if quote is None:
        return f"  quote ticks-{quote_id}: no longer in the topic"
    # Not the order's own time if a later tick triggered the trade: both may have waited long in Kafka.
    trigger = life.quotes.get(report.input.removeprefix(_TICKS))
    moment_us = report.transact_time_us if trigger is None else trigger.time_us
    age_seconds = max(moment_us - quote.time_us, 0) / 1_000_000
    return (
        f"  quote ticks-{quote_id}: {quote.exchange} {quote.bid or '-'} / {quote.ask or '-'}, "
        f"{age_seconds:.6f} s old at the decision"
    )


def _booking(life: Life, report: ExecutionReport) -> str:
    booked = life.fills.get(report.exec_id)
    if booked is None:
        return "  booking: none in the topic fills"
    record, fill = booked
    moved = f"shares {_signed(fill.delta_shares)}, cash {_signed(fill.delta_cash)} {fill.currency or ''}"
    costs = f", commission {plain(fill.commission)}" if fill.commission else ""
    return f"  booking {record.place}: {moved.rstrip()}{costs}"


def _totals(life: Life, orders: Sequence[Order]) -> Iterator[str]:
    row = "{:<16} {:<8} {:<18} {:>16} {:>24} {:<8} {:>14} {:>18} {:>16}".format
    numbers = ("shares", "cash", "currency", "commission", "average price", "residual cash")
    yield row("account", "symbol", "status", *numbers)
    sums: dict[str, Position] = defaultdict(Position)
    terminal = 0
    for order in orders:
        reports = order_reports(life, order.identity)
        last = reports[-1] if reports else None
        currency, held = _held(life, order, reports)
        sums[currency] = sums[currency].plus(held)
        terminal += last is not None and last.ord_status.is_terminal
        status = "no report yet" if last is None else last.ord_status.value
        average, residual = (None, None) if last is None else (last.avg_px, last.residual_cash)
        money = (plain(held.shares), plain(held.cash), currency, plain(held.commission))
        yield row(order.account, order.symbol, status, *money, _or_none(average), _or_none(residual))
    if len(orders) > 1:
        done = f"{terminal} of {len(orders)} terminal"
        for currency, total in sorted(sums.items()):
            money = ("", plain(total.cash), currency, plain(total.commission))
            yield row("", "all", done, *money, "", "").rstrip()


def _held(life: Life, order: Order, reports: Sequence[ExecutionReport]) -> tuple[str, Position]:
    """Return what an order's fills sum to, and their currency; without a fill that of its instrument."""
    own = positions(life.fills[report.exec_id][1] for report in reports if report.exec_id in life.fills)
    if not own:
        return life.limits.instruments.of(order.symbol).currency, Position()
    key, held = next(iter(own.items()))
    return key.currency or "", held


def order_reports(life: Life, identity: Identity) -> list[ExecutionReport]:
    """Return the reports of an order, under all of its ids; the last one has its state.

    A rejection is among them only if the order has no other report: it may be that of another message with
    its id.
    """
    reports = [report for _, report in life.reports if isinstance(report, ExecutionReport)]
    order_ids = {
        report.order_id
        for report in reports
        if report.identity == identity and report.exec_type is ExecType.NEW
    } - {None}
    decided = [
        report
        for report in reports
        if report.exec_type is not ExecType.REJECTED
        and (report.order_id in order_ids or report.identity == identity)
    ]
    return decided or [report for report in reports if report.identity == identity][:1]


def _or_none(number: Decimal | None) -> str:
    return "-" if number is None else plain(number)


def _signed(number: Decimal) -> str:
    return plain(number) if number < 0 else f"+{plain(number)}"
