"""invoke cancel: cancel an order, or the rest of a portfolio order."""

from collections.abc import Iterator

from fintank.adapters import rules_file
from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import cancel_target, new_reports
from fintank.samples import fake_orders
from fintank.samples.produce import make_topics, send_one
from fintank.settings import Settings
from fintank.terminal.options import argument, whole_number
from fintank.trading.reports import Report
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

WAIT_SECONDS_MAX = 3_600


@command(
    positional=["id"],
    help={
        "id": "the cl_ord_id of an order, or the order_id of a portfolio order",
        "symbol": "the order's symbol, where several orders have this cl_ord_id",
        "account": "the order's account, where several orders have this id",
        "wait": "how many seconds to wait for the result at most",
    },
)
def cancel(
    settings: Settings,
    id: str,  # noqa: A002 - the name that `invoke --help cancel` shows
    symbol: str | None = None,
    account: str | None = None,
    wait: str = "10",
) -> None:
    """Cancel an order, or the rest of a portfolio order, as in: invoke cancel market-20260102-030405-6-1"""
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    make_topics(settings.kafka)
    order_id = argument("cancel", id)
    target = cancel_target.find(settings.kafka, order_id, symbol, account, rules_file.load(settings))
    time_us = now_us()
    name = fake_orders.call_name("cancel", time_us)
    value = orders.to_json(MsgType.CANCEL, cl_ord_id=name, **target._asdict(), time_us=time_us)
    rejects = orders.read("orders", 0, f"0,1,{time_us // 1000}", value.decode()).rejects
    if rejects:
        raise FintankError(f"cancel {order_id}: {rejects[0].reason} {rejects[0].detail}")
    with open_reader(settings.kafka, "executions") as reader:
        positions = reader.ends()
        send_one(settings.kafka, "orders", target.account, value)
        what = f"{target.symbol}," if target.orig_cl_ord_id else "all open components of"
        print(f"Sent {name}: cancel {what} {order_id} of {target.account}.")
        if is_read(settings.kafka, "orders"):
            _show_answers(new_reports.poll(reader, positions, name, seconds), name, seconds)
        else:
            print("No topology reads the topic 'orders': the cancel waits there for one (sparse run).")
    print(f"To follow the order: invoke order {order_id}")


def _show_answers(polls: Iterator[list[Report]], name: str, seconds: int) -> None:
    """Print the reports of a cancel, until no more come."""
    has_answer = False
    for reports in polls:
        answers = [report for report in reports if _is_answer(report, name)]
        for report in answers:
            print(f"  {report.orig_cl_ord_id} {report.exec_type} {report.text}")
        if has_answer and not answers:
            return
        has_answer |= bool(answers)
    if not has_answer:
        print(f"No report within {seconds} s: `invoke topics` shows how far the topology is behind.")


def _is_answer(report: Report, name: str) -> bool:
    return report.cl_ord_id == name
