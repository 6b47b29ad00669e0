"""Execution reports: how an order's state and one event are told."""

from dataclasses import dataclass
from decimal import Decimal

from fintank.trading import ids, rules
from fintank.trading.matching import Trade
from fintank.trading.messages import ExecType, ExecutionReport, Order, Refusal
from fintank.trading.orders import WorkingOrder
from fintank.trading.quotes import Level, Nbbo


@dataclass(frozen=True, slots=True)
class Moment:
    """The event that is being answered, and its symbol's market then.

    input: where the event's message stands, as in "ticks-0-17". now_us: the symbol's clock, tick_time_us: its
    latest accepted tick; both None before its first.
    """

    input: str
    nbbo: Nbbo
    now_us: int | None
    tick_time_us: int | None


def accepted(working: WorkingOrder, moment: Moment) -> ExecutionReport:
    """Report that an order is NEW."""
    return _report(working, moment, ExecType.NEW)


def traded(working: WorkingOrder, moment: Moment, trade: Trade) -> ExecutionReport:
    """Report the latest trade of an order; working is the order after it."""
    return _report(working, moment, ExecType.TRADE, number=working.fill_count, trade=trade)


def canceled(working: WorkingOrder, moment: Moment, refusal: Refusal) -> ExecutionReport:
    """Report that an order is CANCELED, and why."""
    return _report(working, moment, ExecType.CANCELED, text=refusal.text)


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


def _report(
    working: WorkingOrder,
    moment: Moment,
    exec_type: ExecType,
    *,
    number: int = 0,
    content_hash: str = "",
    trade: Trade | None = None,
    ord_rej_reason: int | None = None,
    text: str | None = None,
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
        last_qty=None if trade is None else trade.last_qty,
        last_px=None if trade is None else trade.last_px,
        last_mkt=None if trade is None else trade.quote.exchange,
        cum_qty=working.cum_qty,
        leaves_qty=working.leaves_qty,
        leaves_cash=working.leaves_cash,
        avg_px=working.avg_px,
        residual_cash=working.residual_cash,
        bid=_price(moment.nbbo.bid),
        ask=_price(moment.nbbo.ask),
        quote_ids=() if trade is None else (trade.quote.quote_id,),
        input=moment.input,
        ord_rej_reason=ord_rej_reason,
        text=text,
        order_time_us=order.order_time_us,
        transact_time_us=_transact_time_us(order, moment),
    )


def _price(level: Level | None) -> Decimal | None:
    return None if level is None else level.price


def _transact_time_us(order: Order, moment: Moment) -> int:
    # From messages only, so that any replay tells the same time.
    if moment.tick_time_us is None:
        return order.order_time_us
    return max(order.order_time_us, moment.tick_time_us)
