"""The command that proves from the topics and InfluxDB that nothing was lost and nothing done twice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from json import dumps

from invoke.context import Context
from rich import box
from rich.table import Table

from fintank import settings
from fintank.adapters import kafka, rules_file
from fintank.adapters.influx_query import InfluxQuery
from fintank.adapters.influx_reader import InfluxReader
from fintank.adapters.kafka_groups import GROUPS, PartitionState, partition_states
from fintank.commands import command
from fintank.errors import FintankError
from fintank.reconciliation import reading
from fintank.reconciliation.bookings import check_bookings
from fintank.reconciliation.cancels import check_cancels
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.results import Break, Kind, Result
from fintank.reconciliation.storage import EXECUTIONS_VIEW, FILLS_VIEW, TICKS_VIEW, Storage
from fintank.reconciliation.trade_quotes import TradeQuotes
from fintank.settings import Settings
from fintank.terminal.progress import counted
from fintank.terminal.screen import console

SHOWN_OF_A_KIND_MAX = 20
TABLE_CHARS_MIN = 110


@command(help={"json": "one JSON object, with every break"})
def reconcile(_context: Context, json: bool = False) -> None:
    """Prove from the topics and InfluxDB that all was done once, as in: invoke reconcile --json"""
    where = settings.load()
    results, lag = compare(where)
    if json:
        print(dumps(summary(where, results, lag)))
    else:
        show(results, lag)
    breaks = sum(result.breaks for result in results)
    if breaks:
        raise FintankError(f"{counted(breaks, 'break')}: docs/reconcile.md says how to read them")


def compare(where: Settings) -> tuple[list[Result], dict[str, int]]:
    """Make all checks; return their results, and the lag of each topic that a group reads."""
    limits = rules_file.load(where)
    InfluxQuery(where.influx).require_own_points()
    with kafka.connect(where.kafka) as admin:
        kafka.ensure_topics(admin)
        # Before all else: what is committed now is done, whatever comes while the rest is read.
        states = partition_states(admin)
        logs = reading.read_logs(where.kafka, states)
        rejected = reading.read_rejected(where.kafka, logs)
        facts = reading.read_facts(where.kafka, admin, logs, rejected, limits)
    results = check_orders(facts.asked, facts.told, logs, facts.hidden)
    results.append(check_cancels(facts.cancels, facts.refused, facts.told, logs, facts.hidden))
    results += check_bookings([*facts.told, *facts.told_later], facts.booked, logs, facts.hidden)
    quotes = TradeQuotes(facts.told)
    kept_seconds = InfluxQuery(where.influx).retention().seconds
    storage = Storage(where.kafka, InfluxReader(where.influx), kept_seconds, logs, rejected)
    stored = [
        storage.compare(TICKS_VIEW, quotes.see),
        storage.compare(EXECUTIONS_VIEW),
        storage.compare(FILLS_VIEW),
    ]
    quotes.finish(logs)
    results += [quotes.result, *stored, rejected.result]
    return results, _lag(states)


def summary(where: Settings, results: Sequence[Result], lag: Mapping[str, int]) -> dict[str, object]:
    """Return the answer of `--json`."""
    return {
        "kafka": where.kafka,
        "influx": where.influx,
        "clean": not any(result.breaks for result in results),
        "lag": dict(lag),
        "checks": [
            {
                "what": result.what,
                "compared": result.compared,
                "pending": result.pending,
                "beyond_retention": result.beyond_retention,
                "rejected": result.rejected,
                "collisions": result.collisions,
                "breaks": result.breaks,
            }
            for result in results
        ],
        "breaks": [found._asdict() for result in results for found in result.named],
    }


def lines(results: Sequence[Result]) -> list[str]:
    """Return a line for every break, the first ones of each kind; the others are counted."""
    kinds: Counter[Kind] = Counter()
    for result in results:
        kinds += result.kinds
    told = []
    for kind, count in kinds.items():
        told.append(f"{kind}: {count:,}")
        named = (found for result in results for found in result.named if found.kind is kind)
        told += [f"  {readable(found)}" for found in islice(named, SHOWN_OF_A_KIND_MAX)]
        if count > SHOWN_OF_A_KIND_MAX:
            told.append(f"  and {count - SHOWN_OF_A_KIND_MAX:,} more: `invoke reconcile --json` names them")
    return told


def _lag(states: Sequence[PartitionState]) -> dict[str, int]:
    return {topic: sum(state.lag or 0 for state in states if state.topic == topic) for topic in GROUPS}


def readable(found: Break) -> str:
    """Return one line of a break."""
    return f"{found.id}: {found.detail}"


def show(results: Sequence[Result], lag: Mapping[str, int]) -> None:
    """Print a table of what was compared, and every break."""
    behind = ", ".join(f"{topic} {count:,}" for topic, count in lag.items() if count)
    if behind:
        print(f"The topology has still to read: {behind}. What it has not done yet is pending, no break.")
    console(TABLE_CHARS_MIN).print(_table(results))
    for line in lines(results):
        print(line)
    if not any(result.breaks for result in results):
        is_all = not any(result.pending for result in results)
        print("Clean: no break." if is_all else "No break. What is pending could not be judged yet.")


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what", no_wrap=True)
    for column in ("compared", "pending", "beyond retention", "rejected", "collisions", "breaks"):
        table.add_column(column, justify="right")
    for result in results:
        counts = (
            *(result.compared, result.pending, result.beyond_retention),
            *(result.rejected, result.collisions, result.breaks),
        )
        table.add_row(result.what, *(f"{count:,}" for count in counts))
    return table
