from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import factories
import pytest
from support.rule_context import lots_of

from fintank.adapters.kafka_topics import topics
from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.order_cancels import check_cancels
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.order_terms import check_terms
from fintank.reconciliation.snapshot import Recorded
from fintank.reconciliation.topic_logs import PartitionLog, TopicLogs
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, OrdType, Quote, Side
from fintank.trading.reports import ExecutionReport, OrderCancelReject
from fintank.trading.requests import CancelRequest
from fintank.trading.shard import Shard

TIME_MS = 1_700_000_000_000
TIME_US = TIME_MS * 1000
Make = Callable[..., Order]


class Cancels:
    """What the topics hold about some cancels, answered by the trading core."""

    def __init__(self) -> None:
        self.shard = Shard(lots_of(1))
        self.cancels: list[Recorded[CancelRequest]] = []
        self.orders: list[Recorded[Order]] = []
        self.reports: list[Recorded[ExecutionReport]] = []
        self.rejects: list[Recorded[OrderCancelReject]] = []
        self.first_offset = 0

    def order(self, order: Order) -> None:
        self.orders.append(Recorded(order.input, TIME_MS, order))
        self._take(self.shard.on_order(order, TIME_US))

    def cancel(self, orig_cl_ord_id: str | None = "o-1", number: int = 1, **given: Any) -> None:
        is_done = given.pop("is_done", True)
        fields = {"cl_ord_id": f"c-{number}", "content_hash": f"hash-{number}", "account": "A-1"}
        fields |= {"order_time_us": TIME_US, "input": f"orders-0-{50 + len(self.cancels)}"}
        made = factories.cancel(orig_cl_ord_id, **{**fields, **given})
        self.cancels.append(Recorded(made.input, TIME_MS, made, is_done))
        self._take(self.shard.on_cancel(made, TIME_US))

    def request(self, made: CancelRequest) -> None:
        self.cancels.append(Recorded(made.input, TIME_MS, made))
        self._take(self.shard.on_cancel(made, TIME_US))

    def _take(self, outcome: Effects) -> None:
        for report in outcome.reports:
            place = f"executions-0-{len(self.reports) + len(self.rejects)}"
            if isinstance(report, ExecutionReport):
                self.reports.append(Recorded(place, TIME_MS, report))
            else:
                self.rejects.append(Recorded(place, TIME_MS, report))

    def logs(self, hidden: frozenset[tuple[str, int]] = frozenset()) -> TopicLogs:
        return TopicLogs(
            {
                (name, number): PartitionLog(self.first_offset, TIME_MS, 1_000)
                for name, topic in topics().items()
                for number in range(topic.partitions)
            },
            hidden,
        )

    def result(self, hidden: frozenset[tuple[str, int]] = frozenset()) -> Result:
        return check_cancels(self.cancels, self.rejects, self.reports, self.logs(hidden))

    def breaks(self) -> list[tuple[BreakKind, str]]:
        return [(found.kind, found.id) for found in self.result().named]


@pytest.fixture
def cancels(make_order: Make) -> Cancels:
    """One cancel that ended its order."""
    made = Cancels()
    made.order(make_order())
    made.cancel()
    return made


def test_cancels_of_every_outcome_are_answered(cancels: Cancels, make_order: Make) -> None:
    cancels.cancel()  # repeated
    cancels.cancel(number=2)  # too late
    cancels.cancel("nobody", number=3)
    cancels.cancel(number=1, content_hash="other")  # its name is taken
    cancels.order(make_order(2, cl_ord_id="p-IVE", list_id="p"))
    cancels.cancel(None, number=4, list_id="p")
    cancels.cancel("comes", number=5)  # before its order
    cancels.order(make_order(3, cl_ord_id="comes"))
    result = cancels.result()
    assert (result.breaks, result.compared, result.pending) == (0, 7, 0)
    assert len(cancels.rejects) == 4
    assert sum(entry.message.exec_type == "CANCELED" for entry in cancels.reports) == 3


def test_replaces_and_mass_cancels_are_answered_and_their_orders_add_up(
    cancels: Cancels, make_order: Make
) -> None:
    cancels.order(make_order(2, cl_ord_id="o-2", ord_type=OrdType.LIMIT, price=Decimal(9)))
    cancels.request(factories.replace_request("o-2", account="A-1", price="10", at=TIME_US))
    cancels.request(
        factories.replace_request(
            "o-2", account="A-1", cl_ord_id="r-2", content_hash="late", input="orders-0-61"
        )
    )
    cancels.request(factories.mass_cancel(account="A-1"))
    assert (cancels.result().breaks, cancels.result().compared) == (0, 4)
    logs = cancels.logs()
    checked = check_orders(cancels.orders, cancels.reports, logs, Limits().retention_us)
    assert [found.breaks for found in checked] == [0, 0]
    cancels.reports = [entry for entry in cancels.reports if entry.message.exec_type != "REPLACED"]
    assert cancels.breaks() == [(BreakKind.CANCEL_NOT_ANSWERED, "r-1")]


def test_a_cancel_without_effect_is_a_break(cancels: Cancels) -> None:
    del cancels.reports[1]
    assert cancels.breaks() == [(BreakKind.CANCEL_NOT_ANSWERED, "c-1")]


def test_a_cancel_is_not_answered_by_the_end_of_another_order(cancels: Cancels, make_order: Make) -> None:
    cancels.order(make_order(2, cl_ord_id="o-2"))
    cancels.cancel("o-2", number=2)
    for entry, other in zip(list(cancels.cancels), ("o-2", "o-1"), strict=True):
        wrong = replace(entry.message, orig_cl_ord_id=other, content_hash=f"of {other}")
        cancels.cancels[cancels.cancels.index(entry)] = entry._replace(message=wrong)
    assert {kind for kind, _ in cancels.breaks()} == {BreakKind.CANCEL_NOT_ANSWERED}


def test_an_unprocessed_cancel_or_a_hidden_answer_is_pending(cancels: Cancels) -> None:
    del cancels.reports[1]
    every = frozenset(("executions", number) for number in range(4))
    assert (cancels.result(every).breaks, cancels.result(every).pending) == (0, 1)
    cancels.cancels[0] = cancels.cancels[0]._replace(is_done=False)
    assert (cancels.result().breaks, cancels.result().pending) == (0, 1)


def test_an_answer_beyond_retention_can_not_be_judged(cancels: Cancels) -> None:
    del cancels.reports[1]
    cancels.first_offset = 100
    assert (cancels.result().breaks, cancels.result().beyond_retention) == (0, 1)


def test_a_cancel_that_is_rejected_twice_is_a_break(cancels: Cancels) -> None:
    cancels.cancel(number=2)
    cancels.rejects.append(cancels.rejects[0]._replace(place="executions-0-9"))
    assert cancels.breaks() == [(BreakKind.CANCEL_ANSWERED_TWICE, "c-2 of A-1 for IVE")]


def test_a_reject_or_a_canceled_order_without_a_cancel_is_a_break(cancels: Cancels) -> None:
    cancels.cancel(number=2)
    cancels.cancels.clear()
    assert cancels.breaks() == [
        (BreakKind.REPORT_WITHOUT_CANCEL, "c-2 of A-1 for IVE"),
        (BreakKind.REPORT_WITHOUT_CANCEL, "o-1"),
    ]
    cancels.first_offset = 100
    assert cancels.breaks() == []


def test_orders_of_all_kinds_add_up(make_order: Make) -> None:
    history = Cancels()
    cash = {"order_qty": None, "cash_order_qty": Decimal("20.5")}
    history.order(make_order(1, cl_ord_id="restated", **cash))
    history.order(make_order(2, cl_ord_id="limit", ord_type=OrdType.LIMIT, price=Decimal("10.5")))
    quote = Quote("IVE", "NYSE", TIME_US, 0, 1, "9.5", "10", None, "1")
    first = history.shard.on_quote(quote, TIME_US)
    second = history.shard.on_quote(quote._replace(offset=2, ask="10.6", ask_size="5"), TIME_US)
    assert first is not None
    assert second is not None
    history._take(first)
    history._take(second)
    kinds = [entry.message.exec_type for entry in history.reports if entry.message.cl_ord_id == "restated"]
    assert kinds == ["NEW", "TRADE", "RESTATED"]
    logs = TopicLogs(
        {(name, number): PartitionLog(0, TIME_MS, 1_000) for name in topics() for number in range(4)}
    )
    assert [
        result.breaks for result in check_orders(history.orders, history.reports, logs, Limits().retention_us)
    ] == [0, 0]
    (restated,) = [entry for entry in history.reports if entry.message.exec_type == "RESTATED"]
    assert restated.message.ord_status == "FILLED"


@pytest.fixture
def replaced(make_order: Make) -> Cancels:
    """An order at 9 for ten shares that was replaced: by eight, at 8."""
    made = Cancels()
    made.order(make_order(1, ord_type=OrdType.LIMIT, price=Decimal(9)))
    made.request(
        factories.replace_request(
            "o-1", account="A-1", order_qty="8", price="8", at=TIME_US, input="orders-0-60"
        )
    )
    return made


def term_breaks(history: Cancels) -> list[tuple[BreakKind, str]]:
    found = check_terms(history.cancels, history.reports, history.logs())
    return [(each.kind, each.id) for each in found.named]


@pytest.mark.parametrize(
    "changes",
    [
        {"order_qty": Decimal(10)},
        {"price": Decimal(9)},
        {"side": Side.SELL},
        {"order_time_us": TIME_US + 1},
        {"orig_cl_ord_id": "o-2"},
        {"cl_ord_id": "r-2"},
    ],
)
def test_a_replaced_report_has_the_terms_of_its_request_and_else_those_before(
    replaced: Cancels, changes: dict[str, Any]
) -> None:
    assert term_breaks(replaced) == []
    entry = replaced.reports[1]
    replaced.reports[1] = entry._replace(message=replace(entry.message, **changes))
    assert {kind for kind, _ in term_breaks(replaced)} == {BreakKind.REPORT_NOT_AS_ORDERED}


def test_a_replaced_report_without_a_request_is_a_break_unless_that_was_deleted(replaced: Cancels) -> None:
    replaced.cancels.clear()
    assert term_breaks(replaced) == [(BreakKind.REPORT_WITHOUT_CANCEL, "r-1 of A-1 for IVE")]
    replaced.first_offset = 100
    assert term_breaks(replaced) == []


def test_a_request_that_is_carried_out_and_rejected_or_carried_out_again_is_a_break(
    replaced: Cancels,
) -> None:
    replaced.cancel("nobody")
    wrong = replace(replaced.rejects[0].message, input="orders-0-60")
    replaced.rejects[0] = replaced.rejects[0]._replace(message=wrong)
    assert (BreakKind.CANCEL_ANSWERED_TWICE, "c-1 of A-1 for IVE") in replaced.breaks()
    replaced.reports.append(replaced.reports[1]._replace(place="executions-0-9"))
    assert (BreakKind.CANCEL_ANSWERED_TWICE, "r-1 of A-1 for IVE") in replaced.breaks()


def test_another_request_of_the_same_name_needs_an_answer_of_its_own(replaced: Cancels) -> None:
    again = {"account": "A-1", "at": TIME_US, "input": "orders-0-61", "content_hash": "other"}
    replaced.request(factories.replace_request("o-1", price="7", **again))
    replaced.cancel("r-1")
    replaced.cancel("r-1", content_hash="other cancel")
    assert replaced.breaks() == []
    replaced.rejects.clear()
    assert sorted(replaced.breaks()) == [
        (BreakKind.CANCEL_NOT_ANSWERED, "c-1"),
        (BreakKind.CANCEL_NOT_ANSWERED, "r-1"),
    ]


@pytest.mark.parametrize(("days", "is_clean"), [(1.1, True), (0.9, False)])
def test_the_name_that_an_open_order_had_is_free_again_after_the_retention(
    replaced: Cancels, make_order: Make, days: float, is_clean: bool
) -> None:
    again = Cancels()
    again.order(make_order(2))
    later_us = int(days * 86_400_000_000)
    (entry,) = again.reports
    message = replace(entry.message, log_time_us=(entry.message.log_time_us or 0) + later_us)
    replaced.reports.append(entry._replace(place="executions-0-7", message=message))
    replaced.orders += again.orders
    checked = check_orders(replaced.orders, replaced.reports, replaced.logs(), Limits().retention_us)
    assert (sum(found.breaks for found in checked) == 0) is is_clean
