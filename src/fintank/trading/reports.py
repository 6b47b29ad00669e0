"""Reports: how an order's state and one event are told."""

from dataclasses import dataclass
from decimal import Decimal

from fintank.trading import ids, rules
from fintank.trading.depth import Depth, Level
from fintank.trading.messages import (
    CANCEL_REJECTED,
    Cancel,
    ExecType,
    ExecutionReport,
    OrderCancelReject,
    OrdStatus,
    Refusal,
)
from fintank.trading.orders import WorkingOrder


@dataclass(frozen=True, slots=True)
class Moment:
    """What is being answered, and its symbol's market then.

    input: where the message stands, as in "ticks-0-17"; None for the passing of time. now_us: the symbol's
    clock, tick_time_us: its latest accepted tick; both None before its first.
    """

    input: str | None
    market: Depth
    now_us: int | None
    tick_time_us: int | None

    def transact_time_us(self, time_us: int) -> int:
        """Return the later of a message's time and the latest tick's: any replay tells the same."""
        return time_us if self.tick_time_us is None else max(time_us, self.tick_time_us)


def accepted(working: WorkingOrder, moment: Moment) -> ExecutionReport:
    """Report that an order is NEW."""
    return _report(working, moment, ExecType.NEW)


def traded(working: WorkingOrder, moment: Moment, quantity: Decimal, level: Level) -> ExecutionReport:
    """Report the latest trade of an order, at a level; working is the order after it."""
    return _report(working, moment, ExecType.TRADE, number=working.fill_count, quantity=quantity, level=level)


def ended(working: WorkingOrder, moment: Moment, refusal: Refusal) -> ExecutionReport:
    """Report that an order is CANCELED, or RESTATED and so FILLED, and why."""
    is_filled = working.ord_status is OrdStatus.FILLED
    return _report(working, moment, ExecType.RESTATED if is_filled else ExecType.CANCELED, text=refusal.text)


def canceled_on_request(
    working: WorkingOrder, moment: Moment, refusal: Refusal, cancel_time_us: int
) -> ExecutionReport:
    """Report that an order is CANCELED by a cancel, not before that was given."""
    return _report(working, moment, ExecType.CANCELED, text=refusal.text, earliest_us=cancel_time_us)


def expired(working: WorkingOrder) -> ExecutionReport:
    """Report that an order is EXPIRED: at its end, or on its arrival if it came later."""
    assert working.end_us is not None
    moment = Moment(None, Depth(), None, max(working.end_us, working.accepted_us))
    return _report(working, moment, ExecType.EXPIRED)


def rejected(
    working: WorkingOrder, moment: Moment, refusal: Refusal, content_hash: str = ""
) -> ExecutionReport:
    """Report that an order is REJECTED; content_hash is given if its identity is that of a known order."""
    return _report(
        working,
        moment,
        ExecType.REJECTED,
        content_hash=content_hash,
        ord_rej_reason=rules.ORD_REJ_REASON.get(refusal.code, rules.OTHER),
        text=refusal.text,
    )


def cancel_rejected(
    cancel: Cancel, moment: Moment, refusal: Refusal, ord_status: OrdStatus | None
) -> OrderCancelReject:
    """Report that a cancel of one order is refused; ord_status is that order's, None if it is unknown."""
    identity, orig_cl_ord_id = cancel.identity, cancel.orig_cl_ord_id
    assert orig_cl_ord_id is not None
    return OrderCancelReject(
        exec_id=ids.exec_id(identity, CANCEL_REJECTED, content_hash=cancel.content_hash),
        exec_type=CANCEL_REJECTED,
        cl_ord_id=cancel.cl_ord_id,
        orig_cl_ord_id=orig_cl_ord_id,
        account=cancel.account,
        symbol=identity.symbol,
        ord_status=OrdStatus.REJECTED if ord_status is None else ord_status,
        cxl_rej_reason=rules.CXL_REJ_REASON.get(refusal.code, rules.OTHER),
        text=refusal.text,
        input=cancel.input,
        order_time_us=cancel.order_time_us,
        transact_time_us=moment.transact_time_us(cancel.order_time_us),
    )


def _report(
    working: WorkingOrder,
    moment: Moment,
    exec_type: ExecType,
    *,
    number: int = 0,
    content_hash: str = "",
    quantity: Decimal | None = None,
    level: Level | None = None,
    ord_rej_reason: int | None = None,
    text: str | None = None,
    earliest_us: int = 0,
) -> ExecutionReport:
    order = working.order
    return ExecutionReport(
        exec_id=ids.exec_id(order.identity, exec_type, number, content_hash),
        exec_type=exec_type,
        ord_status=working.ord_status,
        cl_ord_id=order.cl_ord_id,
        list_id=order.list_id,
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        priority=order.priority,
        order_qty=working.order_qty,
        cash_order_qty=order.cash_order_qty,
        price=order.price,
        stop_px=order.stop_px,
        last_qty=quantity,
        last_px=None if level is None else level.price,
        last_mkt=None if level is None else level.quote.exchange,
        cum_qty=working.cum_qty,
        leaves_qty=working.leaves_qty,
        leaves_cash=working.leaves_cash,
        avg_px=working.avg_px,
        residual_cash=working.residual_cash,
        bid=moment.market.bid,
        ask=moment.market.ask,
        quote_ids=() if level is None else (level.quote.quote_id,),
        input=order.input if moment.input is None else moment.input,
        ord_rej_reason=ord_rej_reason,
        text=text,
        order_time_us=order.order_time_us,
        transact_time_us=max(moment.transact_time_us(order.order_time_us), earliest_us),
    )
