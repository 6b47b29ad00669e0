"""Sending messages, and what becomes of them: their reports as they arrive, as a table."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.table import Table

from fintank.adapters.consumer_groups import are_orders_read
from fintank.adapters.topic_reader import Positions, TopicReader, open_reader
from fintank.samples.message_file import placed
from fintank.samples.produce import PlacedRecord, send_one
from fintank.terminal import screen
from fintank.terminal.texts import counted, utc
from fintank.trading.decimals import plain
from fintank.trading.messages import ExecType
from fintank.trading.reports import ExecutionReport, Report
from fintank.wire.kafka import executions
from fintank.wire.kafka.records import messages

TABLE_CHARS_MIN = 150
WAIT_SECONDS_MAX = 3_600
SHOWN_IDS_MAX = 20
SHOWN_REPORTS_MAX = 1_000
WAITED_MESSAGES_MAX = 1_000
POLL_SECONDS = 0.2


class Sent(NamedTuple):
    """The cl_ord_ids of what was sent: orders, and requests, which are cancels and replaces."""

    orders: Sequence[str] = ()
    requests: Sequence[str] = ()


def send_request(address: str, value: bytes, time_us: int, what: str, seconds: int) -> None:
    """Send a request and show its answers for some seconds; FintankError if it would be a reject.

    what: its cl_ord_id, and what it asks for in words, as in `cancel-1: cancel IVE, o-1 of A-1001`.
    """
    name = what.partition(":")[0]
    record = placed(value, time_us, what)
    send_and_wait(address, record, f"Sent {what}.", Sent(requests=[name]), seconds, name=name)


def send_and_wait(
    address: str, record: PlacedRecord, said: str, sent: Sent, seconds: int, *, name: str = ""
) -> None:
    """Send one message to the topic `orders`, say so, and show what becomes of it; see `wait`."""
    with open_reader(address, "executions") as reader:
        positions = reader.ends()
        send_one(address, "orders", *record)
        print(said, flush=True)
        if seconds:
            wait(address, reader, positions, sent, seconds, name=name)


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
    if not are_orders_read(address):
        print("No topology reads the topic 'orders': what was sent waits there until one does (sparse run).")
        return
    chosen = Sent(*(ids[:WAITED_MESSAGES_MAX] for ids in sent))
    if chosen != sent:
        print(f"Only the first {WAITED_MESSAGES_MAX:,} orders and requests are waited for.")
    print(f"Waiting at most {seconds} s for the topic 'executions'.", flush=True)
    polls = poll(reader, positions, name, seconds)
    show(list(reports_of(chosen, polls, until_new)), chosen)


def poll(reader: TopicReader, positions: Positions, name: str, seconds: int) -> Iterator[list[Report]]:
    """Yield the reports that contain `name` and came since the last poll, until the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        records = (record for record in reader.read(positions) if name.encode() in (record.value or b""))
        yield [report for _, report in messages(records, executions.from_record)]
        if time.monotonic() > deadline:
            return
        time.sleep(POLL_SECONDS)


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
