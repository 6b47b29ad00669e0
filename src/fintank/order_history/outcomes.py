"""What becomes of messages that were just sent: their reports as they arrive, as a table."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.table import Table

from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import Positions, TopicReader
from fintank.order_history import new_reports
from fintank.terminal import screen
from fintank.terminal.texts import counted, utc
from fintank.trading.decimals import plain
from fintank.trading.messages import ExecType
from fintank.trading.reports import ExecutionReport, Report

TABLE_CHARS_MIN = 150
WAIT_SECONDS_MAX = 3_600
SHOWN_IDS_MAX = 20
SHOWN_REPORTS_MAX = 1_000
WAITED_MESSAGES_MAX = 1_000


class Sent(NamedTuple):
    """The cl_ord_ids of what was sent: orders, and requests, which are cancels and replaces."""

    orders: Sequence[str] = ()
    requests: Sequence[str] = ()


def print_ids(sent: Sent) -> None:
    """Print the cl_ord_ids of what was sent."""
    ids = [*sent.orders, *sent.requests]
    for cl_ord_id in ids[:SHOWN_IDS_MAX]:
        print(f"  {cl_ord_id}")
    if len(ids) > SHOWN_IDS_MAX:
        print(f"  and {len(ids) - SHOWN_IDS_MAX:,} more, up to {ids[-1]}")


def wait(
    address: str,
    reader: TopicReader,
    positions: Positions,
    sent: Sent,
    seconds: int,
    *,
    name: str = "",
    until_new: bool = False,
) -> None:
    """Show the reports of these messages, waiting for each until it is done.

    An order is done when it is terminal or, with until_new, when it has a report; a request when it has been
    answered. name: what all their ids contain.
    """
    if not is_read(address, "orders"):
        print("No topology reads the topic 'orders': what was sent waits there for one (sparse run -t 60).")
        return
    chosen = Sent(*(ids[:WAITED_MESSAGES_MAX] for ids in sent))
    if chosen != sent:
        print(f"Only the first {WAITED_MESSAGES_MAX:,} orders and requests are waited for.")
    print(f"Waiting at most {seconds} s for the topic 'executions'.", flush=True)
    polls = new_reports.poll(reader, positions, name, seconds)
    show(list(reports_of(chosen, polls, until_new)), chosen)


def reports_of(sent: Sent, polls: Iterable[list[Report]], until_new: bool = False) -> Iterator[Report]:
    """Yield the reports of these messages until each is done. A replaced order goes on under its new id."""
    orders, requests = {*sent.orders}, {*sent.requests}
    names = orders | requests
    answered: set[str] = set()
    for reports in polls:
        came = set()
        for report in reports:
            is_replaced = report.exec_type == ExecType.REPLACED and report.orig_cl_ord_id in names
            if is_replaced:
                names.add(report.cl_ord_id)
            if not names & {report.cl_ord_id, report.identity.cl_ord_id}:
                continue
            yield report
            came.add(report.cl_ord_id)
            if not isinstance(report, ExecutionReport):
                continue
            if is_replaced and report.orig_cl_ord_id in orders:
                orders.remove(report.orig_cl_ord_id)
                orders.add(report.cl_ord_id)
            if report.ord_status.is_terminal or until_new:
                orders.discard(report.identity.cl_ord_id)
        # A cancel of many orders has many answers, which may come in several polls.
        requests -= answered - came
        answered |= came
        if not orders and not requests:
            return


def show(reports: Sequence[Report], sent: Sent) -> None:
    """Print these reports, and how many of the messages have none."""
    if reports:
        screen.console(TABLE_CHARS_MIN).print(table(reports[:SHOWN_REPORTS_MAX]))
    if len(reports) > SHOWN_REPORTS_MAX:
        print(f"And {len(reports) - SHOWN_REPORTS_MAX:,} more reports.")
    known = {name for report in reports for name in (report.cl_ord_id, report.identity.cl_ord_id)}
    _say_silent(sent.orders, known, "order", "an execution")
    _say_silent(sent.requests, known, "request", "an answer")


def _say_silent(ids: Collection[str], known: Collection[str], noun: str, what: str) -> None:
    silent = {*ids}.difference(known)
    if silent:
        print(f"{counted(len(silent), noun)} without {what} so far: `invoke topics` shows the lag.")


def table(reports: Iterable[Report]) -> Table:
    """Return one row per report; qty and px are the trade's, without a trade qty is the order's.

    The answer to a request has the order's cl_ord_id; that of the request is in its text.
    """
    titles = ("time", "cl_ord_id", "exec_type", "symbol", "side", "qty", "px", "venue", "status", "text")
    made = screen.table(*titles, numbers=("qty", "px"))
    for report in reports:
        made.add_row(
            utc(report.transact_time_us / 1000),
            report.orig_cl_ord_id or report.cl_ord_id,
            report.exec_type,
            report.symbol,
            *(_terms(report) if isinstance(report, ExecutionReport) else ("",) * 4),
            report.ord_status,
            _text(report),
        )
    return made


def _text(report: Report) -> str:
    text = report.text or ""
    if report.orig_cl_ord_id is None or report.cl_ord_id in text:
        return text
    return f"{report.cl_ord_id}: {text}" if text else report.cl_ord_id


def _terms(report: ExecutionReport) -> tuple[str, str, str, str]:
    qty, px = report.last_qty or report.order_qty, report.last_px
    return (
        report.side,
        "" if qty is None else plain(qty),
        "" if px is None else plain(px),
        report.last_mkt or "",
    )
