"""The result of a demo run in words and numbers. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.table import Table

from fintank.audit.differences import AuditFindings
from fintank.demo.evidence import Evidence
from fintank.terminal.screen import table
from fintank.terminal.texts import counted, money, number
from fintank.trading.ledger import Position, positions
from fintank.trading.messages import ExecType, Identity
from fintank.trading.reports import ExecutionReport
from fintank.wire.points.pipeline_points import percentile

NAMED_MAX = 10
BYTES_PER_GB = 1e9


class Throughput(NamedTuple):
    """Ticks of one kind, and the seconds from the first send until the sink has the last one."""

    kind: str
    ticks: int
    seconds: float


@dataclass(frozen=True)
class DemoResult:
    """One run. ticks_sent: new records in the topic ticks; ticks_stored: new points in the sink.

    messages_sent: order messages, a portfolio order counting once. probe_seconds: see Probes.
    """

    name: str
    throughputs: Sequence[Throughput]
    ticks_sent: int
    ticks_stored: int
    messages_sent: int
    evidence: Evidence
    probe_seconds: Sequence[float]


def last_reports(evidence: Evidence) -> dict[Identity, ExecutionReport]:
    """Return each order's latest report."""
    return {report.identity: report for _, report in evidence.reports}


def open_orders(evidence: Evidence) -> list[Identity]:
    """Return the orders that have a report but no terminal one."""
    last = last_reports(evidence)
    return [
        identity
        for identity in evidence.orders
        if identity in last and not last[identity].ord_status.is_terminal
    ]


def problems(result: DemoResult, wait_reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each thing that is wrong; wait_reasons: why orders for a symbol can't trade."""
    evidence = result.evidence
    if result.ticks_stored != result.ticks_sent:
        yield (
            f"ticks: {counted(result.ticks_sent, 'tick')} came into the topic 'ticks', "
            f"{counted(result.ticks_stored, 'point')} into bid_ask"
        )
    if evidence.rejects:
        by_topic = ", ".join(f"{count:,} of {topic}" for topic, count in evidence.rejects.items())
        yield f"rejects: {by_topic}: see `invoke rejects`"
    if evidence.messages != result.messages_sent:
        yield f"orders: {result.messages_sent:,} were sent, {evidence.messages:,} are in the topic 'orders'"
    reported = last_reports(evidence)
    silent = [identity.cl_ord_id for identity in evidence.orders if identity not in reported]
    if silent:
        yield f"executions: none for {_named(silent)}"
    stuck = [identity.cl_ord_id for identity in open_orders(evidence) if identity.symbol not in wait_reasons]
    if stuck:
        yield f"orders: open although their symbols have a price: {_named(stuck)}"


def lines(
    result: DemoResult, wait_reasons: Mapping[str, str], audited: AuditFindings, memory_bytes: int
) -> Iterator[str]:
    """Yield the figures, each with how it was measured."""
    row = "  {:<20}{}".format
    evidence = result.evidence
    yield row("ticks sent", f"{result.ticks_sent:,} records of the topic ticks")
    yield row("ticks stored", f"{result.ticks_stored:,} points of bid_ask")
    orders = counted(len(evidence.orders), "order")
    yield row("orders", f"{counted(evidence.messages, 'message')}, {orders} for one symbol")
    kinds = Counter(report.exec_type.value for _, report in evidence.reports)
    split = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    yield row("executions", f"{len(evidence.reports):,} ({split})")
    yield row("fills", f"{len(evidence.fills):,}")
    yield row("rejects", f"{evidence.rejects.total():,}")
    again = f"{counted(audited.reports, 'report')} and {counted(audited.fills, 'fill')} decided again"
    yield row("audited", f"{again}, {counted(audited.differences, 'difference')}")
    waiting = Counter(identity.symbol for identity in open_orders(evidence))
    for symbol, count in waiting.items():
        yield row("waiting", f"{counted(count, 'order')} for {symbol}: {wait_reasons.get(symbol, '?')}")
    for kind, ticks, seconds in result.throughputs:
        took = f"{ticks:,} {kind} in {seconds:.1f} s, from the first send to the last point"
        yield row("ticks per second", f"{ticks / seconds:,.0f} ({took})")
    probes = [1000 * seconds for seconds in result.probe_seconds]
    yield row("tick to stored", f"{_spread(probes)} ({len(probes):,} probes, from send to query result)")
    decisions = decision_ms(evidence)
    measured = f"{counted(len(decisions), 'trade')} on arrival, between Kafka's append times"
    yield row("order to execution", f"{_spread(decisions)} ({measured})")
    peak = f"{memory_bytes / BYTES_PER_GB:.1f} GB peak"
    yield row("memory", f"{peak} (PSS of the services, Storm, all bolts and the demo)")


def accounts(evidence: Evidence) -> Table:
    """Return each account's shares by symbol, and its cash and commissions by currency.

    They are those of the fills of this run.
    """
    booked = positions(evidence.fills)
    symbols = sorted({holding.symbol for holding in booked})
    currencies = sorted({holding.currency or "" for holding in booked})
    titles = [f"{what} {currency}".rstrip() for currency in currencies for what in ("cash", "commission")]
    made = table("account", *symbols, *titles, numbers=(*symbols, *titles))
    for account in sorted({holding.account for holding in booked}):
        own = [(holding, held) for holding, held in booked.items() if holding.account == account]
        shares = {holding.symbol: number(held.shares) for holding, held in own}
        sums = dict.fromkeys(currencies, Position())
        for holding, held in own:
            sums[holding.currency or ""] = sums[holding.currency or ""].plus(held)
        amounts = [money(amount) for total in sums.values() for amount in (total.cash, total.commission)]
        made.add_row(account, *(shares.get(symbol, "") for symbol in symbols), *amounts)
    return made


def decision_ms(evidence: Evidence) -> list[int]:
    """Return the milliseconds between order and report of each trade on an order's arrival.

    Orders that waited for a price are left out.
    """
    ordered = {identity: record for identity, (record, _) in evidence.orders.items()}
    return [
        record.time_ms - ordered[identity].time_ms
        for record, report in evidence.reports
        if report.exec_type is ExecType.TRADE
        and report.input.startswith("orders-")
        and (identity := report.identity) in ordered
    ]


def _spread(milliseconds: Sequence[float]) -> str:
    if not milliseconds:
        return "not measured"
    weighted = [(round(value), 1) for value in sorted(milliseconds)]
    return f"p50 {percentile(weighted, 50):,} ms, p99 {percentile(weighted, 99):,} ms"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
