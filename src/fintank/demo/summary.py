"""What a demo run came to, in words and numbers. Pure: all that is known of it comes in as a value."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from rich import box
from rich.table import Table

from fintank.demo.evidence import Evidence
from fintank.terminal.texts import counted
from fintank.trading.decimals import ZERO, plain
from fintank.trading.ledger import positions
from fintank.trading.messages import ExecType, Identity
from fintank.trading.reports import ExecutionReport

NAMED_MAX = 10
BYTES_A_GB = 1e9


class Flow(NamedTuple):
    """Ticks of one kind and the seconds from the first one's send to the last one's being in InfluxDB."""

    kind: str
    ticks: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """One run. ticks_sent: records that came into the topic; ticks_stored: points that came into InfluxDB.

    messages_sent: orders as they were sent, portfolio orders unsplit. probe_seconds: see Probes.
    """

    name: str
    flows: Sequence[Flow]
    ticks_sent: int
    ticks_stored: int
    messages_sent: int
    evidence: Evidence
    probe_seconds: Sequence[float]


def last_reports(evidence: Evidence) -> dict[Identity, ExecutionReport]:
    """Return each order's latest report."""
    return {
        Identity(report.account, report.symbol, report.cl_ord_id): report for _, report in evidence.reports
    }


def open_orders(evidence: Evidence) -> list[Identity]:
    """Return the orders that have a report, but no terminal one."""
    last = last_reports(evidence)
    return [
        identity
        for identity in evidence.orders
        if identity in last and not last[identity].ord_status.is_terminal
    ]


def problems(outcome: Outcome, wait_reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each thing that is not as it should be; wait_reasons: by symbol, see wait_reason."""
    evidence = outcome.evidence
    if outcome.ticks_stored != outcome.ticks_sent:
        yield (
            f"ticks: {counted(outcome.ticks_sent, 'tick')} came into the topic 'ticks', "
            f"{counted(outcome.ticks_stored, 'point')} into InfluxDB's bid_ask"
        )
    if evidence.rejects:
        by_topic = ", ".join(f"{count:,} of {topic}" for topic, count in evidence.rejects.items())
        yield f"rejects: {by_topic}: see `invoke show rejects`"
    if evidence.messages != outcome.messages_sent:
        yield f"orders: {outcome.messages_sent:,} were sent, {evidence.messages:,} are in the topic 'orders'"
    reported = last_reports(evidence)
    silent = [identity.cl_ord_id for identity in evidence.orders if identity not in reported]
    if silent:
        yield f"executions: none of {_named(silent)}"
    stuck = [identity.cl_ord_id for identity in open_orders(evidence) if identity.symbol not in wait_reasons]
    if stuck:
        yield f"orders: open though their symbols have a price: {_named(stuck)}"


def lines(outcome: Outcome, wait_reasons: Mapping[str, str], memory_bytes: int) -> Iterator[str]:
    """Yield the figures, each said how it was measured."""
    row = "  {:<20}{}".format
    evidence = outcome.evidence
    yield row("ticks sent", f"{outcome.ticks_sent:,} records of the topic ticks")
    yield row("ticks stored", f"{outcome.ticks_stored:,} points of InfluxDB's bid_ask")
    yield row(
        "orders", f"{evidence.messages:,}, which are {counted(len(evidence.orders), 'order')} for one symbol"
    )
    kinds = Counter(report.exec_type.value for _, report in evidence.reports)
    split = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    yield row("executions", f"{len(evidence.reports):,} ({split})")
    yield row("fills", f"{len(evidence.fills):,}")
    yield row("rejects", f"{evidence.rejects.total():,}")
    waiting = Counter(identity.symbol for identity in open_orders(evidence))
    for symbol, count in waiting.items():
        yield row("waiting", f"{counted(count, 'order')} for {symbol}: {wait_reasons.get(symbol, '?')}")
    for flow in outcome.flows:
        rate = flow.ticks / flow.seconds
        took = f"{flow.ticks:,} {flow.kind} in {flow.seconds:.1f} s"
        yield row("ticks per second", f"{rate:,.0f} ({took}, from the first one's send to InfluxDB)")
    probes = [1000 * seconds for seconds in outcome.probe_seconds]
    yield row("tick to stored", f"{_spread(probes)} ({len(probes):,} probes, from send to a query's answer)")
    decisions = decision_ms(evidence)
    measured = f"{counted(len(decisions), 'trade')} on arrival, from record to record by Kafka's clock"
    yield row("order to execution", f"{_spread(decisions)} ({measured})")
    peak = f"{memory_bytes / BYTES_A_GB:.1f} GB at most (PSS of the services, Storm, all bolts and the demo)"
    yield row("memory", peak)


def accounts(evidence: Evidence) -> Table:
    """Return shares by symbol, and cash, of each account, by this run's fills; cash to the cent, for show."""
    booked = positions(fill for _, fill in evidence.fills)
    symbols = sorted({symbol for _, symbol in booked})
    table = Table("account", box=box.SIMPLE_HEAD)
    for title in (*symbols, "cash"):
        table.add_column(title, justify="right")
    for account in sorted({account for account, _ in booked}):
        held = {symbol: booked[account, symbol] for symbol in symbols if (account, symbol) in booked}
        shares = [_shares(held[symbol].shares) if symbol in held else "" for symbol in symbols]
        cash = sum((position.cash for position in held.values()), ZERO)
        table.add_row(account, *shares, f"{cash:,.2f}")
    return table


def decision_ms(evidence: Evidence) -> list[int]:
    """Return, for each trade on an order's arrival, the milliseconds between the records of both.

    Orders that waited for a price are not in it.
    """
    asked = {identity: record for identity, (record, _) in evidence.orders.items()}
    return [
        record.time_ms - asked[identity].time_ms
        for record, report in evidence.reports
        if report.exec_type is ExecType.TRADE
        and report.input.startswith("orders-")
        and (identity := Identity(report.account, report.symbol, report.cl_ord_id)) in asked
    ]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest of the values that so many percent of them do not exceed (the nearest rank)."""
    return sorted(values)[max(math.ceil(percent * len(values) / 100), 1) - 1]


def _spread(milliseconds: Sequence[float]) -> str:
    if not milliseconds:
        return "not measured"
    return f"p50 {percentile(milliseconds, 50):,.0f} ms, p99 {percentile(milliseconds, 99):,.0f} ms"


def _shares(shares: Decimal) -> str:
    return f"{Decimal(plain(shares)):,f}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
