"""The command that shows all of fintank at work, and checks it."""

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from invoke.context import Context

from fintank import settings
from fintank.adapters import rules_file
from fintank.commands import command, reconcile, report
from fintank.demo import evidence, summary
from fintank.demo.play import Plan, play, span_us
from fintank.demo.summary import Outcome
from fintank.errors import FintankError
from fintank.report.span import Span
from fintank.samples.quote_file import QuoteFile
from fintank.samples.replay import survey
from fintank.samples.sending import make_topics
from fintank.services import lifecycle
from fintank.services.memory_peak import MemoryPeak
from fintank.services.supervisor import Supervisor
from fintank.settings import DATABASE, PROJECT_ROOT, Settings, host_and_port
from fintank.storm import background_run
from fintank.storm.background_run import BackgroundRun
from fintank.terminal.live_line import LiveLine
from fintank.terminal.options import whole_number
from fintank.terminal.screen import console

TICKS_MAX = 10_000_000
ORDERS_MAX = 10_000
WORKER_SECONDS_MAX = 300
POLL_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHOWN_CHARS_MAX = 90
TABLE_CHARS_MIN = 120
SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
SHARED_QUOTES = ("eurusd_*.csv.gz", "binance_*.csv.gz")


@command(
    iterable=["file"],
    help={
        "ticks": "how many fake ticks",
        "orders": "how many portfolio orders, and, with real quotes, how many market orders",
        "file": "real quotes, as for replay; may be given again; default: those of ../shared/data, if any",
        "keep": "leave the topology and the services running",
    },
)
def demo(
    _context: Context,
    ticks: str = "100000",
    orders: str = "100",
    file: Sequence[str] | None = None,
    keep: bool = False,
) -> None:
    """Run everything, send ticks and orders and prove what came of them, as in: invoke demo --keep"""
    started, began_ns = time.monotonic(), time.time_ns()
    tick_count = whole_number("--ticks", ticks, maximum=TICKS_MAX)
    order_count = whole_number("--orders", orders, maximum=ORDERS_MAX)
    paths = [Path(name) for name in file or ()] or _shared_quotes()
    where = settings.load()
    with ExitStack() as files, _interruptible():
        opened = [files.enter_context(QuoteFile(path, where.home / "run")) for path in paths]
        plan = Plan(tick_count, order_count, {file: survey(file) for file in opened})
        files.enter_context(_services(where, keep))
        make_topics(where.kafka)
        with MemoryPeak(Supervisor(where.home)) as peak, _topology(where, keep) as run:
            outcome = play(where, run, plan)
            problems = _judged(where, outcome, peak)
            _draw(where, Span(began_ns - span_us(plan) * 1000, time.time_ns()))
            if keep:
                _tell_what_runs(where, run, outcome)
    seconds = time.monotonic() - started
    if problems:
        named = "\n".join(f"  {problem}" for problem in problems)
        raise FintankError(f"Not all is as it should be, after {seconds:.0f} s:\n{named}")
    print(f"All is as it should be: reconciled, every tick stored, every order decided, in {seconds:.0f} s.")


def _judged(where: Settings, outcome: Outcome, peak: MemoryPeak) -> list[str]:
    """Reconcile, print the summary, and return what is not as it should be."""
    print("\nWhat the topics and InfluxDB hold, compared as `invoke reconcile` does:")
    results, lag = reconcile.compare(where)
    reconcile.show(results, lag)
    symbols = {identity.symbol for identity in summary.open_orders(outcome.evidence)}
    reasons = evidence.wait_reasons(where.kafka, symbols, rules_file.load(where))
    print(f"\nThis run, {outcome.name}:")
    for line in summary.lines(outcome, reasons, peak.size_bytes):
        print(line)
    console(TABLE_CHARS_MIN).print(summary.accounts(outcome.evidence))
    breaks = Counter[str]()
    for result in results:
        breaks.update(result.kinds)
    return [
        *(f"reconcile: {kind} {count:,}" for kind, count in breaks.items()),
        *summary.problems(outcome, reasons),
    ]


def _draw(where: Settings, span: Span) -> None:
    """Write the report; that it can't be written is no fault of what it would show."""
    try:
        print("\nTo see it:", report.write(where, span, Path(report.OUT)))
    except FintankError as error:
        print(f"\nThere is no report: {error}")


def _tell_what_runs(where: Settings, run: BackgroundRun, outcome: Outcome) -> None:
    host, port = host_and_port(where.influx)
    print(
        f"Kafka at {where.kafka} and InfluxDB at {where.influx} go on, and so does the topology "
        f"(its log: {run.log}). Now try:\n"
        f"  invoke order {outcome.name}-1\n"
        "  invoke executions --count 5\n"
        "  invoke topics\n"
        f"  influx -host {host} -port {port} -database {DATABASE} -execute 'select count(bid) from bid_ask'\n"
        "To end it:\n"
        f"  kill -INT {run.pid}\n"
        "  invoke down"
    )


def _shared_quotes() -> list[Path]:
    return [path for pattern in SHARED_QUOTES for path in sorted(SHARED_DATA.glob(pattern))]


@contextmanager
def _services(where: Settings, is_kept: bool) -> Iterator[None]:
    """Have the services up; if all were down, they are stopped again unless the demo ended and is_kept."""
    found = lifecycle.status(where)
    is_left = any(service.is_up for service in found)
    try:
        if not all(service.is_up for service in found):
            lifecycle.up(where, print)
        yield
        is_left = is_left or is_kept
    finally:
        if not is_left:
            with _uninterrupted():
                lifecycle.down(where, print)


@contextmanager
def _topology(where: Settings, is_kept: bool) -> Iterator[BackgroundRun]:
    """Have `sparse run` running, with its worker; it is ended unless the demo ended and is_kept."""
    run = background_run.start(where)
    is_left = False
    try:
        print(f"Starting the topology by `sparse run`; its log is {run.log}.")
        _wait_for_worker(run)
        yield run
        is_left = is_kept
    finally:
        if not is_left:
            with _uninterrupted():
                print("Ending the topology ...")
                run.end()


def _wait_for_worker(run: BackgroundRun) -> None:
    started = time.monotonic()
    with LiveLine() as line:
        while not run.has_worker():
            run.require_running()
            seconds = time.monotonic() - started
            if seconds > WORKER_SECONDS_MAX:
                raise FintankError(
                    f"{run.last_lines()}\nThe topology has no worker after {WORKER_SECONDS_MAX} s: above are "
                    f"the last lines of {run.log}"
                )
            line.show(f"{seconds:.0f} s: {run.last_lines(1)[:SHOWN_CHARS_MAX]}")
            time.sleep(POLL_SECONDS)
    print(f"The topology runs, after {time.monotonic() - started:.0f} s.")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and a closed terminal clean up as Ctrl-C does, which a shell's `&` would have ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no second Ctrl-C leave half of it running."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
