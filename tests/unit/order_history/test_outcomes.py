from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import factories
from rich.console import Console

from fintank.order_history.outcomes import Sent, reports_of, table
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, Order, OrdType, Quote, Side
from fintank.trading.reports import Report
from fintank.trading.requests import MassCancel, Replace, Scope
from fintank.trading.shard import Shard

TIME_US = 1_700_000_000_000_000
ORDER = factories.order(
    "12", cl_ord_id="m-1", account="A-1", side=Side.SELL, order_time_us=TIME_US, input="orders-0-1"
)


class Desk:
    """A shard with a quote; every message's reports are one poll of the topic."""

    def __init__(self) -> None:
        self.shard = Shard(Limits())
        self.quote(1, "94.10")
        self.polls: list[list[Report]] = []

    def quote(self, offset: int, bid: str) -> list[Report]:
        quote = Quote("IVE", "NYSE", TIME_US, 0, offset, bid, "95.20", None, None)
        effects = self.shard.on_quote(quote, TIME_US)
        return [] if effects is None else list(effects.reports)

    def order(self, order: Order) -> None:
        self.polls.append(list(self.shard.on_order(order, TIME_US).reports))

    def request(self, request: Cancel | Replace | MassCancel) -> None:
        self.polls.append(list(self.shard.on_cancel(request, TIME_US).reports))

    def seen(self, sent: Sent) -> tuple[list[tuple[str, str]], int]:
        """Return cl_ord_id and exec_type of what is shown, and how many polls were not asked for."""
        polls: Iterator[list[Report]] = iter(self.polls)
        found = [(report.cl_ord_id, str(report.exec_type)) for report in reports_of(sent, polls)]
        return found, len(list(polls))


def limit(name: str, input_id: str) -> Order:
    return replace(ORDER, cl_ord_id=name, ord_type=OrdType.LIMIT, price=Decimal(95), input=input_id)


def shown(reports: list[Report], word: str) -> list[list[str]]:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(reports))
    return [line.split() for line in captured.get().splitlines() if word in line]


def test_the_table_has_the_quantity_of_the_order_and_then_of_the_trade() -> None:
    desk = Desk()
    desk.order(ORDER)
    moment = "2023-11-14T22:13:20.000Z"
    assert shown(desk.polls[0], "m-1") == [
        [moment, "m-1", "NEW", "IVE", "SELL", "12", "NEW"],
        [moment, "m-1", "TRADE", "IVE", "SELL", "12", "94.1", "NYSE", "FILLED"],
    ]


def test_the_table_names_the_order_that_a_request_was_about_and_the_request() -> None:
    desk = Desk()
    desk.order(limit("rests", "orders-0-1"))
    cancel = Cancel("c-1", "A-1", "IVE", "rests", None, TIME_US, "hash", "orders-0-2")
    desk.request(cancel)
    desk.request(replace(cancel, cl_ord_id="c-2", input="orders-0-3"))
    (canceled,), (refused,) = (shown(poll, "rests") for poll in desk.polls[1:])
    assert canceled[1:3] == ["rests", "CANCELED"]
    assert canceled[-2:] == ["code=CANCEL_REQUESTED", "cl_ord_id=c-1"]
    assert refused[1:3] == ["rests", "CANCEL_REJECTED"]
    assert refused[-3:] == ["c-2:", "code=TOO_LATE", "ord_status=CANCELED"]


def test_an_order_is_waited_for_until_it_is_terminal_and_a_request_until_it_is_answered() -> None:
    desk = Desk()
    desk.order(limit("rests", "orders-0-1"))
    desk.order(limit("other", "orders-0-2"))
    desk.request(Cancel("c-1", "A-1", "IVE", "rests", None, TIME_US, "hash", "orders-0-3"))
    desk.polls += [[], []]
    assert desk.seen(Sent(["rests"])) == ([("rests", "NEW"), ("c-1", "CANCELED")], 2)
    assert desk.seen(Sent([], ["c-1"])) == ([("c-1", "CANCELED")], 1)
    found, left = desk.seen(Sent(["rests", "other"], ["c-1"]))
    assert (len(found), left) == (3, 0)


def test_a_replaced_order_is_followed_under_its_new_id() -> None:
    desk = Desk()
    desk.order(limit("first", "orders-0-1"))
    second = Replace(
        cl_ord_id="second",
        account="A-1",
        symbol="IVE",
        orig_cl_ord_id="first",
        order_qty=Decimal(5),
        cash_order_qty=None,
        price=None,
        stop_px=None,
        expire_time_us=None,
        order_time_us=TIME_US,
        content_hash="hash",
        input="orders-0-2",
    )
    desk.request(second)
    desk.polls += [[], desk.quote(2, "95"), []]
    trade = ("second", "TRADE")
    assert desk.seen(Sent(["first"])) == ([("first", "NEW"), ("second", "REPLACED"), trade], 1)
    assert desk.seen(Sent([], ["second"])) == ([("second", "REPLACED")], 2)


def test_all_answers_of_a_mass_cancel_are_shown() -> None:
    desk = Desk()
    for number in range(3):
        desk.order(limit(f"o-{number}", f"orders-0-{number}"))
    desk.request(MassCancel("stop", Scope.ALL, None, None, TIME_US, "hash", "orders-0-9"))
    answers = desk.polls.pop()
    desk.polls += [answers[:2], answers[2:], [], []]
    assert desk.seen(Sent([], ["stop"])) == ([("stop", "CANCELED")] * 3, 1)
