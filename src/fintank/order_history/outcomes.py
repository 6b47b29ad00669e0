"""What becomes of orders that were just sent: their execution reports as they arrive, as a table."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from rich.table import Table

from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import Positions, TopicReader
from fintank.order_history import new_reports
from fintank.terminal import screen
from fintank.terminal.texts import counted, utc
from fintank.trading.decimals import plain
from fintank.trading.reports import ExecutionReport, Report

TABLE_CHARS_MIN = 150
WAIT_SECONDS_MAX = 3_600
SHOWN_IDS_MAX = 20
WAITED_ORDERS_MAX = 1_000


def print_ids(ids: Sequence[str]) -> None:
    """Print the cl_ord_ids of what was sent."""
    for cl_ord_id in ids[:SHOWN_IDS_MAX]:
        print(f"  {cl_ord_id}")
    if len(ids) > SHOWN_IDS_MAX:
        print(f"  and {len(ids) - SHOWN_IDS_MAX:,} more, up to {ids[-1]}")


def wait(
    address: str,
    reader: TopicReader,
    positions: Positions,
    ids: Sequence[str],
    seconds: int,
    *,
    name: str = "",
    until_new: bool = False,
) -> None:
    """Wait for the reports of these orders, each until it is terminal or, if so asked, only known.

    name: what all their ids contain.
    """
    if not is_read(address, "orders"):
        print("No topology reads the topic 'orders': the orders wait there for one (sparse run -t 60).")
        return
    chosen = ids[:WAITED_ORDERS_MAX]
    if len(chosen) < len(ids):
        print(f"Only the first {len(chosen):,} orders are waited for.")
    print(f"Waiting at most {seconds} s for the topic 'executions'.", flush=True)
    polls = new_reports.poll(reader, positions, name, seconds)
    show(list(reports_of(set(chosen), polls, until_new)), chosen)


def reports_of(
    ids: Collection[str], polls: Iterable[list[Report]], until_new: bool = False
) -> Iterator[ExecutionReport]:
    """Yield the reports of these cl_ord_ids until each order is terminal, or only has a report."""
    waiting = set(ids)
    for reports in polls:
        for report in reports:
            if isinstance(report, ExecutionReport) and report.identity.cl_ord_id in ids:
                yield report
                if report.ord_status.is_terminal or until_new:
                    waiting.discard(report.identity.cl_ord_id)
        if not waiting:
            return


def show(reports: Collection[ExecutionReport], ids: Collection[str]) -> None:
    """Print these reports, and how many of the orders have none."""
    if reports:
        screen.console(TABLE_CHARS_MIN).print(table(reports))
    silent = set(ids) - {report.identity.cl_ord_id for report in reports}
    if silent:
        print(f"{counted(len(silent), 'order')} without an execution so far: `invoke topics` shows the lag.")


def table(reports: Iterable[ExecutionReport]) -> Table:
    """Return one row per report; qty and px are the trade's, without a trade qty is the order's."""
    titles = ("time", "cl_ord_id", "exec_type", "symbol", "side", "qty", "px", "venue", "status", "text")
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
            report.text or "",
        )
    return made
