"""invoke demo: run everything and check the result."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from fintank.adapters import kafka, rules_file, sinks
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.sinks.query import Query
from fintank.adapters.topic_reader import open_reader
from fintank.commands import audit, command, reconcile, report
from fintank.demo import evidence, stack, summary
from fintank.demo.background_audit import auditing
from fintank.demo.background_run import BackgroundRun
from fintank.demo.memory_peak import MemoryPeak, ours
from fintank.demo.play import Plan, play
from fintank.demo.summary import DemoResult
from fintank.errors import FintankError
from fintank.reconciliation import rebuilding
from fintank.reconciliation.comparison import compare
from fintank.report.span import Span
from fintank.samples.produce import make_topics
from fintank.samples.quote_file import QuoteFile, survey
from fintank.samples.quoted_symbols import RECENT_TICKS_MAX
from fintank.services import sink_servers
from fintank.services.supervisor import Supervisor
from fintank.settings import PROJECT_ROOT, Settings
from fintank.terminal.options import whole_number
from fintank.terminal.screen import console
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import messages
from fintank.wire.points.line_protocol import record_time_ns
from fintank.wire.points.point_values import BID_ASK

TICKS_MAX = 10_000_000
ORDERS_MAX = 10_000
TABLE_CHARS_MIN = 160
SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
SHARED_QUOTES = ("eurusd_*.csv.gz", "binance_*.csv.gz")


@command(
    iterable=["file"],
    help={
        "ticks": "number of fake ticks",
        "orders": "number of portfolio orders and, with real quotes, of market orders",
        "file": "a CSV file of real quotes; may be repeated; default: those in ../shared/data, if any",
        "keep": "leave the topology and the services running",
    },
)
def demo(
    settings: Settings,
    ticks: str = "100000",
    orders: str = "100",
    file: Sequence[str] | None = None,
    keep: bool = False,
) -> None:
    """Start everything, send ticks and orders, and check the result.

    Example: invoke demo --keep
    """
    started, began_ns = time.monotonic(), time.time_ns()
    tick_count = whole_number("--ticks", ticks, maximum=TICKS_MAX)
    order_count = whole_number("--orders", orders, maximum=ORDERS_MAX)
    shared = (path for pattern in SHARED_QUOTES for path in sorted(SHARED_DATA.glob(pattern)))
    paths = [Path(name) for name in file or ()] or list(shared)
    with ExitStack() as files, stack.interruptible():
        opened = [files.enter_context(QuoteFile(path, settings.home / "run")) for path in paths]
        plan = Plan(tick_count, order_count, {file: survey(file) for file in opened})
        files.enter_context(stack.services(settings, keep))
        make_topics(settings.kafka)
        _fill(settings)
        with MemoryPeak(ours(Supervisor(settings.home))) as peak, stack.topology(settings, keep) as run:
            result = play(settings, run, plan)
            problems = _check(settings, result, peak)
            _write_report(settings, Span(began_ns - plan.span_us * 1000, time.time_ns()))
            if keep:
                _show_what_runs(settings, run, result)
    seconds = time.monotonic() - started
    if problems:
        named = "\n".join(f"  {problem}" for problem in problems)
        raise FintankError(f"Not all is as it should be, after {seconds:.0f} s:\n{named}")
    checks = "reconciled, audited, every tick stored, every order decided"
    print(f"All is as it should be: {checks}, in {seconds:.0f} s.")


def _fill(settings: Settings) -> None:
    """Rebuild the database if it lacks the latest tick that was read, as after demos with another one.

    All that the topics hold is reconciled.
    """
    with kafka.connect(settings.kafka) as admin:
        states = [state for state in partition_states(admin) if state.topic == "ticks"]
    with open_reader(settings.kafka, "ticks") as reader:
        read = reader.last(
            RECENT_TICKS_MAX, {state.partition: state.committed for state in states if state.committed}
        )
    for record, tick in list(messages(read, tick_json.from_record))[-1:]:
        time_ns = record_time_ns(tick.time_us, record.offset)
        wanted = Query("bid_ask", BID_ASK.fields, time_ns, time_ns, {"symbol": [tick.symbol]})
        if not any(sinks.rows(sinks.open_store(settings.sink), wanted)):
            print(f"{settings.sink.shown} lacks ticks of earlier runs: it is filled as by `invoke rebuild`.")
            for _ in rebuilding.rebuild(settings, None, print):
                pass


def _check(settings: Settings, result: DemoResult, peak: MemoryPeak) -> list[str]:
    """Reconcile and, at the same time, audit; print the summary, and return the problems found."""
    print("\nWhat the topics and the sink hold, compared as `invoke reconcile` does:")
    with auditing(settings) as wait_for_findings:
        results, lag = compare(settings)
        reconcile.show(results, lag)
        print("\nEvery decision made again from the topics, as `invoke audit` does:")
        audited = wait_for_findings()
    for line in audit.lines(audited):
        print(f"  {line}")
    symbols = {identity.symbol for identity in summary.open_orders(result.evidence)}
    reasons = evidence.wait_reasons(settings.kafka, symbols, rules_file.load(settings))
    print(f"\nThis run, {result.name}:")
    for line in summary.lines(result, reasons, audited, peak.size_bytes):
        print(line)
    console(TABLE_CHARS_MIN).print(summary.accounts(result.evidence))
    breaks = Counter[str]()
    for check in results:
        breaks.update(check.kinds)
    return [
        *(f"reconcile: {kind} {count:,}" for kind, count in breaks.items()),
        *(f"audit: {kind} {count:,}" for kind, count in audited.kinds.items()),
        *summary.problems(result, reasons),
    ]


def _write_report(settings: Settings, span: Span) -> None:
    """Write the report; the demo does not fail if that is impossible."""
    try:
        print("\nTo see it:", report.write(settings, span, Path(report.OUT)))
    except FintankError as error:
        print(f"\nThere is no report: {error}")


def _show_what_runs(settings: Settings, run: BackgroundRun, result: DemoResult) -> None:
    print(
        f"Kafka at {settings.kafka}, {settings.sink.shown} and the topology keep running "
        f"(its log: {run.log}). Now try:\n"
        f"  invoke order {result.name}-1\n"
        "  invoke executions --count 5\n"
        "  invoke topics\n"
        f"  {sink_servers.first_query(settings.sink)}\n"
        "To end it:\n"
        f"  kill -INT {run.pid}\n"
        "  invoke down"
    )
