from dataclasses import replace
from decimal import Decimal

import pytest

from fintank.reconciliation.findings import BreakKind
from fintank.trading.messages import CodedReason, ExecType, OrdStatus, Side

NAME = "o-1 of A-1 for IVE"


def test_an_order_that_is_answered_and_traded_is_clean(filled, waiting, breaks):
    for history in (filled, waiting):
        answers, sequences = history.order_results()
        assert breaks([answers, sequences]) == []
        assert (answers.compared, sequences.compared) == (1, 2)


def test_an_order_without_a_report_is_named(filled, breaks):
    filled.reports.clear()
    assert breaks(filled.order_results()) == [(BreakKind.ORDER_NOT_ANSWERED, NAME)]


def test_an_order_that_is_not_read_yet_is_pending(filled, breaks):
    filled.reports.clear()
    filled.orders[0] = filled.orders[0]._replace(is_done=False)
    answers, _ = filled.order_results()
    assert breaks([answers]) == []
    assert (answers.compared, answers.pending) == (0, 1)


def test_an_order_whose_report_retention_may_have_deleted_is_beyond_it(filled, breaks):
    filled.reports.clear()
    filled.lost = frozenset({"executions"})
    answers, _ = filled.order_results()
    assert breaks([answers]) == []
    assert answers.beyond_retention == 1


def test_an_order_whose_report_an_open_transaction_may_hide_is_pending(filled, breaks):
    filled.reports.clear()
    filled.hidden = frozenset(("executions", partition) for partition in range(4))
    answers, _ = filled.order_results()
    assert breaks([answers]) == []
    assert answers.pending == 1


def test_a_second_new_is_named(filled, breaks):
    filled.reports.append(filled.reports[0]._replace(place="executions-0-9"))
    assert (BreakKind.ORDER_ANSWERED_TWICE, NAME) in breaks(filled.order_results())


def test_a_rejection_reported_twice_is_named(decided, make_order, breaks):
    history = decided(make_order(order_qty=Decimal(0)))
    history.reports *= 2
    assert breaks(history.order_results()) == [(BreakKind.ORDER_ANSWERED_TWICE, NAME)]


def test_a_repeated_order_and_another_with_its_identity_are_accounted_for(decided, make_order, breaks):
    history = decided(make_order(1), make_order(1, input="orders-0-5"), make_order(2))
    assert [entry.message.exec_type for entry in history.reports] == ["NEW", "TRADE", "REJECTED"]
    assert breaks(history.order_results()) == []
    assert history.order_results()[0].compared == 3


def test_another_order_with_the_identity_must_be_rejected_exactly_once(decided, make_order, breaks):
    history = decided(make_order(1), make_order(2))
    *others, refusal = history.reports
    history.reports = others
    assert breaks(history.order_results()) == [(BreakKind.ORDER_NOT_ANSWERED, NAME)]
    history.reports = [*others, refusal, refusal]
    assert breaks(history.order_results()) == [(BreakKind.ORDER_ANSWERED_TWICE, NAME)]


def test_an_order_repeated_after_it_was_forgotten_may_be_rejected_as_stale(decided, make_order, breaks):
    history = decided(make_order(1), make_order(2))
    refusal = history.reports.pop()
    history.orders[1] = history.orders[1]._replace(message=make_order(1, input="orders-0-5"))
    text = "code=STALE_ORDER age_us=2 retention_us=1"
    stale = replace(refusal.message, text=text, input="orders-0-5")
    history.reports.append(refusal._replace(message=stale))
    assert breaks(history.order_results()) == []


@pytest.mark.parametrize(("days", "is_clean"), [(1.1, True), (0.9, False)])
def test_an_identity_is_used_again_only_after_its_order_is_forgotten(
    decided, make_order, breaks, days, is_clean
):
    history, again = decided(make_order(1)), decided(make_order(2))
    later_us = int(days * 86_400_000_000)
    for number, entry in enumerate(again.reports):
        message = replace(entry.message, transact_time_us=entry.message.transact_time_us + later_us)
        history.reports.append(entry._replace(place=f"executions-0-{2 + number}", message=message))
    history.orders += again.orders
    found = breaks(history.order_results())
    assert (found == []) is is_clean
    ledger = {entry.message.exec_id: entry.message for entry in (*history.fills, *again.fills)}
    assert len(ledger) == 2


@pytest.mark.parametrize(("days", "is_clean"), [(0.6, True), (0.4, False)])
def test_an_order_is_forgotten_by_a_clock_that_a_late_tick_set_back(
    decided, make_order, breaks, days, is_clean
):
    history, again = decided(make_order(1)), decided(make_order(2))
    later_us = int(days * 86_400_000_000)
    for number, entry in enumerate(again.reports):
        report = entry.message
        times = {"transact_time_us": report.transact_time_us, "log_time_us": report.log_time_us}
        later = replace(report, **{name: time_us + later_us for name, time_us in times.items()})
        history.reports.append(entry._replace(place=f"executions-0-{2 + number}", message=later))
    history.orders += again.orders
    assert (breaks(history.order_results()) == []) is is_clean


@pytest.mark.parametrize("reports_kept", [2, 1])
def test_reports_of_an_order_that_nobody_sent_are_named(filled, breaks, reports_kept):
    filled.orders.clear()
    filled.reports = filled.reports[-reports_kept:]
    kinds = [kind for kind, _ in breaks(filled.order_results())]
    assert kinds == [BreakKind.REPORT_WITHOUT_ORDER]


def test_reports_of_an_order_that_retention_deleted_are_beyond_it(filled, breaks):
    filled.orders.clear()
    filled.lost = frozenset({"orders"})
    answers, _ = filled.order_results()
    assert breaks([answers]) == []
    assert answers.beyond_retention == 1


def test_trades_whose_new_retention_deleted_are_beyond_it(filled, breaks):
    del filled.reports[0]
    filled.orders.clear()
    filled.lost = frozenset({"executions"})
    answers, sequences = filled.order_results()
    assert breaks([answers, sequences]) == []
    assert (answers.beyond_retention, sequences.beyond_retention) == (1, 1)


@pytest.mark.parametrize(
    "changes", [{"side": Side.SELL}, {"priority": 2}, {"list_id": "p-1"}, {"cash_order_qty": Decimal(1)}]
)
def test_an_answer_with_other_terms_is_named(filled, breaks, changes):
    filled.change_report(0, **changes)
    assert (BreakKind.REPORT_NOT_AS_ORDERED, NAME) in breaks(filled.order_results())


def test_an_order_that_should_have_been_rejected_is_named(filled, make_order, breaks):
    refused = make_order(refusal=CodedReason("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=2"))
    filled.orders[0] = filled.orders[0]._replace(message=refused)
    assert breaks(filled.order_results()) == [(BreakKind.REPORT_NOT_AS_ORDERED, NAME)]


@pytest.mark.parametrize(
    "changes",
    [
        {"cum_qty": Decimal(9)},
        {"leaves_qty": Decimal(1)},
        {"avg_px": Decimal(10)},
        {"last_qty": Decimal(9)},
        {"last_px": Decimal(10)},
        {"order_qty": Decimal(11)},
        {"ord_status": OrdStatus.PARTIALLY_FILLED},
        {"ord_status": OrdStatus.NEW},
        {"residual_cash": Decimal(0)},
        {"last_mkt": None},
    ],
)
def test_numbers_that_do_not_add_up_are_named(filled, breaks, changes):
    filled.change_report(1, **changes)
    assert breaks(filled.order_results()) == [(BreakKind.REPORT_DOES_NOT_ADD_UP, NAME)]


@pytest.mark.parametrize("field", ["leaves_cash", "residual_cash", "order_qty"])
def test_a_cash_orders_numbers_that_do_not_add_up_are_named(waiting, breaks, field):
    waiting.change_report(1, **{field: Decimal(7)})
    assert breaks(waiting.order_results()) == [(BreakKind.REPORT_DOES_NOT_ADD_UP, NAME)]


def test_a_lost_trade_is_named_if_the_sums_include_it(filled, breaks):
    part = replace(
        filled.reports[1].message,
        last_qty=Decimal(4),
        cum_qty=Decimal(4),
        leaves_qty=Decimal(6),
        ord_status=OrdStatus.PARTIALLY_FILLED,
        exec_id="part",
    )
    filled.reports.insert(1, filled.reports[1]._replace(message=part))
    filled.change_report(2, last_qty=Decimal(6))
    assert breaks(filled.order_results()) == []
    del filled.reports[1]
    assert breaks(filled.order_results()) == [(BreakKind.REPORT_DOES_NOT_ADD_UP, NAME)]


def test_a_report_after_the_terminal_one_is_named(filled, breaks):
    filled.reports.append(filled.reports[1])
    filled.change_report(2, exec_type=ExecType.CANCELED, ord_status=OrdStatus.CANCELED)
    assert breaks(filled.order_results()) == [(BreakKind.REPORT_AFTER_THE_END, NAME)]
