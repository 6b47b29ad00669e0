"""What cancel and replace share: sending a request, and showing its answers."""

from collections.abc import Iterator

from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import open_reader
from fintank.errors import FintankError
from fintank.order_history import new_reports
from fintank.samples.message_file import checked
from fintank.samples.produce import send_one
from fintank.trading.reports import ExecutionReport, Report
from fintank.wire.kafka import orders
from fintank.wire.kafka.rejects import Reject


def send_request(address: str, value: bytes, time_us: int, what: str, seconds: int) -> None:
    """Send a request and show its answers for some seconds; FintankError if it would be a reject.

    what: its cl_ord_id, and what it asks for in words, as in `cancel-1: cancel IVE, o-1 of A-1001`.
    """
    message = checked(value.decode(), time_us)
    if isinstance(message, Reject):
        raise FintankError(f"{what}: {message.reason} {message.detail}")
    key, partition = orders.destination(message)
    name = what.partition(":")[0]
    with open_reader(address, "executions") as reader:
        positions = reader.ends()
        send_one(address, "orders", key, value, partition)
        print(f"Sent {what}.")
        if is_read(address, "orders"):
            _show_answers(new_reports.poll(reader, positions, name, seconds), name, seconds)
        else:
            print("No topology reads the topic 'orders': the request waits there for one (sparse run).")


def _show_answers(polls: Iterator[list[Report]], name: str, seconds: int) -> None:
    """Print the reports that answer a request, until no more come."""
    has_answer = False
    for reports in polls:
        answers = [report for report in reports if report.cl_ord_id == name]
        for report in answers:
            print(f"  {report.orig_cl_ord_id or name} {report.exec_type} {_how(report)}".rstrip())
        if has_answer and not answers:
            return
        has_answer |= bool(answers)
    if not has_answer:
        print(f"No report within {seconds} s: `invoke topics` shows how far the topology is behind.")


def _how(report: Report) -> str:
    if isinstance(report, ExecutionReport) and report.text is None:
        return f"{report.ord_status}"
    return report.text or ""
