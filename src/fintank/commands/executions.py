"""invoke executions: send market orders and wait for their executions."""

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table

from fintank.adapters import rules_file
from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.order_history import new_reports
from fintank.samples import fake_orders
from fintank.samples.produce import make_topics, send
from fintank.samples.quoted_symbols import quoted_or_named, quoted_symbols
from fintank.settings import Settings
from fintank.terminal import screen
from fintank.terminal.options import whole_number
from fintank.terminal.texts import counted, utc
from fintank.trading.decimals import plain
from fintank.trading.reports import ExecutionReport, Report
from fintank.waiting import now_us

WAITED_ORDERS_MAX = 1_000
WAIT_SECONDS_MAX = 3_600
TABLE_CHARS_MIN = 150


@command(
    help={"count": "number of market orders", "wait": "how many seconds to wait for their executions at most"}
)
def executions(settings: Settings, count: str = "10", wait: str = "30") -> None:
    """Send market orders and show their executions, as in: invoke executions --count 5 --wait 10"""
    total = whole_number("--count", count, maximum=WAITED_ORDERS_MAX)
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    address, limits = settings.kafka, rules_file.load(settings)
    print(f"Seeding Kafka ({address}) topic 'orders' with {counted(total, 'market order')}.", flush=True)
    make_topics(address)
    quoted = quoted_symbols(address, limits)
    name = fake_orders.call_name("market", now_us())
    orders = list(fake_orders.market_orders(quoted_or_named(quoted), total, name))
    with open_reader(address, "executions") as reader:
        positions = reader.ends()
        send(address, "orders", "market order", (order.record(now_us()) for order in orders), total)
        print(f"To follow one of them: invoke order {name}-1")
        if not quoted:
            print("No recent quote in the topic 'ticks': the orders wait for one (invoke queue_ticks).")
        if is_read(address, "orders"):
            print(f"Waiting at most {seconds} s for the topic 'executions'.", flush=True)
            ids = {order.cl_ord_id for order in orders}
            polls = new_reports.poll(reader, positions, name, seconds)
            _show(list(_reports_of(ids, polls, bool(quoted))), ids)
        else:
            print("No topology reads the topic 'orders': the orders wait there for one (sparse run -t 60).")
    print("Done.")


def table(reports: Iterable[ExecutionReport]) -> Table:
    """Return one row per report; qty and px are the trade's, without a trade qty is the order's."""
    titles = ("time", "cl_ord_id", "exec_type", "symbol", "side", "qty", "px", "venue", "status")
    made = screen.table(*titles, numbers=("qty", "px"))
    for report in reports:
        qty, px = report.last_qty or report.order_qty, report.last_px
        made.add_row(
            utc(report.transact_time_us / 1000),
            report.identity.cl_ord_id,
            report.exec_type,
            report.symbol,
            report.side,
            "" if qty is None else plain(qty),
            "" if px is None else plain(px),
            report.last_mkt or "",
            report.ord_status,
        )
    return made


def _reports_of(ids: set[str], polls: Iterator[list[Report]], are_quoted: bool) -> Iterator[ExecutionReport]:
    """Yield the reports of these orders until each is terminal, or just NEW where nothing can trade."""
    waiting = set(ids)
    for reports in polls:
        for report in reports:
            if isinstance(report, ExecutionReport) and report.identity.cl_ord_id in ids:
                yield report
                if report.ord_status.is_terminal or not are_quoted:
                    waiting.discard(report.identity.cl_ord_id)
        if not waiting:
            return


def _show(reports: Sequence[ExecutionReport], ids: set[str]) -> None:
    if reports:
        screen.console(TABLE_CHARS_MIN).print(table(reports))
    silent = ids - {report.identity.cl_ord_id for report in reports}
    if silent:
        print(f"{counted(len(silent), 'order')} without an execution so far: `invoke topics` shows the lag.")
