"""Reports and fills: what goes out of the trading core, and how an order and an event become a report."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from fintank.trading import codes, ids
from fintank.trading.decimals import EXACT
from fintank.trading.depth import Depth, Level
from fintank.trading.messages import (
    Cancel,
    CodedReason,
    ExecType,
    Identity,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from fintank.trading.moment import Moment
from fintank.trading.requests import Replace
from fintank.trading.working_order import WorkingOrder

CANCEL_REJECTED = "CANCEL_REJECTED"
"""The exec_type of an OrderCancelReject, which in FIX is a message of its own."""
CANCEL_REQUEST, REPLACE_REQUEST = 1, 2
"""FIX CxlRejResponseTo (434)."""


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """One event of an order: a record of the topic `executions`, in this order of fields.

    The last_ fields and commission are those of a trade. currency and multiplier are the instrument's. An
    open cash order has no order_qty and leaves_qty; a terminal one has residual_cash. avg_px is None before
    the first trade. bid and ask are the NBBO at the decision, quote_ids the quotes it traded on. log_time_us
    and as_of tell what the decision rests on, see Moment; these, currency and multiplier are None in a record
    of an earlier version. order_id is given by the engine. In the answer to a request cl_ord_id is the
    request's, and orig_cl_ord_id the order's.
    """

    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    order_id: str | None
    cl_ord_id: str
    orig_cl_ord_id: str | None
    list_id: str | None
    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    priority: int
    order_qty: Decimal | None
    cash_order_qty: Decimal | None
    price: Decimal | None
    stop_px: Decimal | None
    last_qty: Decimal | None
    last_px: Decimal | None
    last_mkt: str | None
    cum_qty: Decimal
    leaves_qty: Decimal | None
    leaves_cash: Decimal | None
    avg_px: Decimal | None
    residual_cash: Decimal | None
    currency: str | None
    multiplier: Decimal | None
    commission: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    quote_ids: tuple[str, ...]
    input: str
    ord_rej_reason: int | None
    exec_restatement_reason: int | None
    text: str | None
    order_time_us: int
    transact_time_us: int
    log_time_us: int | None
    as_of: str | None

    @property
    def identity(self) -> Identity:
        """The identity of the order."""
        name = self.orig_cl_ord_id if self.exec_type is ExecType.CANCELED else None
        return Identity(self.account, self.symbol, name or self.cl_ord_id)


@dataclass(frozen=True, slots=True)
class OrderCancelReject:
    """The rejection of a cancel or a replace: a record of the topic `executions`, in this order of fields.

    cl_ord_id and order_time_us are the request's own; ord_status is the order's, REJECTED if it is unknown.
    cxl_rej_response_to: FIX's 1, a cancel, or 2, a replace.
    """

    exec_id: str
    exec_type: str
    cl_ord_id: str
    orig_cl_ord_id: str
    account: str
    symbol: str
    ord_status: OrdStatus
    cxl_rej_response_to: int | None
    cxl_rej_reason: int
    text: str
    input: str
    order_time_us: int
    transact_time_us: int
    log_time_us: int | None
    as_of: str | None

    @property
    def identity(self) -> Identity:
        """The identity of the request."""
        return Identity(self.account, self.symbol, self.cl_ord_id)


Report = ExecutionReport | OrderCancelReject
"""A record of the topic `executions`."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade as a booking: a record of the topic `fills`, in this order of fields.

    delta_shares is positive for BUY and negative for SELL; delta_cash is minus delta_shares times last_px
    times the multiplier, in currency. commission is not part of it. In old records these three are None.
    """

    exec_id: str
    cl_ord_id: str
    list_id: str | None
    account: str
    symbol: str
    side: Side
    last_qty: Decimal
    last_px: Decimal
    last_mkt: str
    delta_shares: Decimal
    delta_cash: Decimal
    currency: str | None
    multiplier: Decimal | None
    commission: Decimal | None
    transact_time_us: int


class Why(NamedTuple):
    """What a report says of its reason."""

    text: str | None
    ord_rej_reason: int | None = None
    exec_restatement_reason: int | None = None


NO_REASON = Why(None)


def accepted(working: WorkingOrder, moment: Moment) -> ExecutionReport:
    """Report that an order is NEW."""
    return _report(working, moment, ExecType.NEW)


def traded(
    before: WorkingOrder, working: WorkingOrder, moment: Moment, quantity: Decimal, level: Level
) -> ExecutionReport:
    """Report a trade at a level; before and working are the order before and after it."""
    costs = [order.commission(moment.instrument) for order in (working, before)]
    return replace(
        _report(working, moment, ExecType.TRADE, number=working.fill_count),
        last_qty=quantity,
        last_px=level.price,
        last_mkt=level.quote.exchange,
        commission=EXACT.subtract(*costs),
        quote_ids=(level.quote.quote_id,),
    )


def replaced(working: WorkingOrder, moment: Moment, orig_cl_ord_id: str) -> ExecutionReport:
    """Report that an order was REPLACED; working has its new cl_ord_id and terms."""
    return replace(_report(working, moment, ExecType.REPLACED), orig_cl_ord_id=orig_cl_ord_id)


def triggered(working: WorkingOrder, moment: Moment) -> ExecutionReport:
    """Report that a stop was TRIGGERED."""
    return _report(working, moment, ExecType.TRIGGERED)


def ended(working: WorkingOrder, moment: Moment, reason: CodedReason) -> ExecutionReport:
    """Report that an order is CANCELED, or RESTATED and so FILLED."""
    exec_type = ExecType.RESTATED if working.ord_status is OrdStatus.FILLED else ExecType.CANCELED
    restated = codes.EXEC_RESTATEMENT_REASON.get(reason.code)
    return _report(working, moment, exec_type, why=Why(reason.text, exec_restatement_reason=restated))


def canceled(
    working: WorkingOrder, moment: Moment, reason: CodedReason, cl_ord_id: str, time_us: int
) -> ExecutionReport:
    """Report that an order is CANCELED on request; cl_ord_id and time_us are the request's."""
    report = _report(working, moment, ExecType.CANCELED, why=Why(reason.text))
    return replace(
        report,
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=report.cl_ord_id,
        transact_time_us=max(report.transact_time_us, time_us),
    )


def expired(working: WorkingOrder, moment: Moment) -> ExecutionReport:
    """Report that an order is EXPIRED: at its end, or on arrival if it arrived later."""
    assert working.end_us is not None
    moment = replace(
        moment, input=None, market=Depth(), tick_time_us=max(working.end_us, working.accepted_us)
    )
    return _report(working, moment, ExecType.EXPIRED)


def rejected(working: WorkingOrder, moment: Moment, reason: CodedReason) -> ExecutionReport:
    """Report that an order is REJECTED."""
    ord_rej_reason = codes.ORD_REJ_REASON.get(reason.code, codes.OTHER)
    return _report(working, moment, ExecType.REJECTED, why=Why(reason.text, ord_rej_reason))


def cancel_rejected(
    cancel: Cancel | Replace, moment: Moment, reason: CodedReason, ord_status: OrdStatus | None
) -> OrderCancelReject:
    """Report that a cancel or a replace is rejected; ord_status is the order's, None if it is unknown."""
    identity, orig_cl_ord_id = cancel.identity, cancel.orig_cl_ord_id
    assert orig_cl_ord_id is not None
    return OrderCancelReject(
        exec_id=ids.exec_id(identity, CANCEL_REJECTED, cancel.content_hash),
        exec_type=CANCEL_REJECTED,
        cl_ord_id=cancel.cl_ord_id,
        orig_cl_ord_id=orig_cl_ord_id,
        account=cancel.account,
        symbol=identity.symbol,
        ord_status=OrdStatus.REJECTED if ord_status is None else ord_status,
        cxl_rej_response_to=CANCEL_REQUEST if isinstance(cancel, Cancel) else REPLACE_REQUEST,
        cxl_rej_reason=codes.CXL_REJ_REASON.get(reason.code, codes.OTHER),
        text=reason.text,
        input=cancel.input,
        order_time_us=cancel.order_time_us,
        transact_time_us=moment.transact_time_us(cancel.order_time_us),
        log_time_us=moment.log_us,
        as_of=moment.as_of,
    )


def _report(
    working: WorkingOrder,
    moment: Moment,
    exec_type: ExecType,
    *,
    number: int = 0,
    why: Why = NO_REASON,
) -> ExecutionReport:
    order = working.order
    return ExecutionReport(
        exec_id=ids.exec_id(order.identity, exec_type, order.content_hash, number),
        exec_type=exec_type,
        ord_status=working.ord_status,
        order_id=working.order_id,
        cl_ord_id=order.cl_ord_id,
        orig_cl_ord_id=None,
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
        last_qty=None,
        last_px=None,
        last_mkt=None,
        cum_qty=working.cum_qty,
        leaves_qty=working.leaves_qty,
        leaves_cash=working.leaves_cash,
        avg_px=working.avg_px(moment.instrument),
        residual_cash=working.residual_cash,
        currency=moment.instrument.currency,
        multiplier=moment.instrument.multiplier,
        commission=None,
        bid=moment.market.bid,
        ask=moment.market.ask,
        quote_ids=(),
        input=order.input if moment.input is None else moment.input,
        ord_rej_reason=why.ord_rej_reason,
        exec_restatement_reason=why.exec_restatement_reason,
        text=why.text,
        order_time_us=order.order_time_us,
        transact_time_us=moment.transact_time_us(order.order_time_us),
        log_time_us=moment.log_us,
        as_of=moment.as_of,
    )
