"""An open order as its reports leave it: with the terms of its last replace, and what it has traded."""

from dataclasses import replace

from fintank.order_history.life import Life, order_reports
from fintank.trading.messages import ExecType, Order
from fintank.trading.reports import ExecutionReport
from fintank.trading.working_order import WorkingOrder


def open_order(life: Life, order: Order) -> WorkingOrder | None:
    """Return an order that was accepted and has not ended; None for others. order: as first requested."""
    reports = order_reports(life, order.identity)
    if not reports or reports[-1].ord_status.is_terminal:
        return None
    last = reports[-1]
    # An id may be given to another order when the first one is forgotten.
    present = replace(
        order,
        cl_ord_id=last.identity.cl_ord_id,
        side=last.side,
        ord_type=last.ord_type,
        priority=last.priority,
        time_in_force=last.time_in_force,
        order_qty=last.order_qty,
        cash_order_qty=last.cash_order_qty,
        price=last.price,
        stop_px=last.stop_px,
    )
    return WorkingOrder(
        present,
        arrival_seq=0,
        accepted_us=last.transact_time_us,
        end_us=None,
        is_checked=True,
        is_triggered=_was_triggered(life, last),
        ord_status=last.ord_status,
        cum_qty=last.cum_qty,
    )


def _was_triggered(life: Life, last: ExecutionReport) -> bool:
    """Whether a stop is a MARKET or LIMIT order by now; in older reports only a trade shows it."""
    return bool(last.cum_qty) or any(
        report.exec_type is ExecType.TRIGGERED and report.order_id == last.order_id
        for _, report in life.reports
        if isinstance(report, ExecutionReport)
    )
