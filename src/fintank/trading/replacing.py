"""Replaces: an open order goes on under a new cl_ord_id, with new terms."""

from dataclasses import replace
from decimal import Decimal

from fintank.trading import reports, rules
from fintank.trading.canceling import canceled, no_open_order, remember, request_reason
from fintank.trading.codes import Code, coded_reason
from fintank.trading.decimals import plain
from fintank.trading.effects import Effects, applied, joined, stepped
from fintank.trading.messages import CodedReason, Order, OrdStatus
from fintank.trading.moment import Moment
from fintank.trading.requests import Replace
from fintank.trading.shard_state import ShardState
from fintank.trading.steps import Event
from fintank.trading.working_order import WorkingOrder

_QUANTITIES = {"order_qty", "cash_order_qty"}
_TERMS = (*_QUANTITIES, "price", "stop_px", "expire_time_us")
_OF_REQUEST = ("cl_ord_id", "order_time_us", "content_hash", "input")


def replace_order(state: ShardState, request: Replace) -> Effects:
    """Replace an open order; reject the request if it can't be done, and leave the order as it is."""
    moment = state.moment(request.symbol, request.input)
    known = state.registry.find(request.order_identity)
    reason = request_reason(state, request, moment)
    if reason is None and state.registry.find(request.identity) is not None:
        reason = coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": request.cl_ord_id})
    # It waits for no order: one that comes later was sent without knowing of it.
    remembered = remember(state, request, moment, is_refused=True)
    if reason is None and isinstance(known, WorkingOrder):
        replaced = _replaced(state, known, request, moment)
        if isinstance(replaced, WorkingOrder):
            effects = _carry_out(state, known, replaced, moment)
            return joined([effects, Effects(journal=(remembered,))])
        reason = replaced
    reason = reason or no_open_order(request, None if known is None else known.ord_status)
    report = reports.cancel_rejected(request, moment, reason, known.ord_status if known else None)
    return Effects(reports=(report,), journal=(remembered, *state.changes(request.symbol)))


def _replaced(
    state: ShardState, working: WorkingOrder, request: Replace, moment: Moment
) -> WorkingOrder | CodedReason:
    """Return the order with its new terms, or why it can't have them."""
    before = working.order
    values = {name: getattr(request, name) for name in _TERMS if getattr(request, name) is not None}
    changed = {name for name, value in values.items() if value != getattr(before, name)}
    unused = _unused_field(working, changed)
    if unused is not None:
        return coded_reason(Code.UNEXPECTED_FIELD, {"field": unused})
    values |= {name: getattr(request, name) for name in _OF_REQUEST}
    order = replace(before, **values)
    context = state.rule_context(request.symbol, moment)
    reason = rules.check(order, replace(context, open_orders=context.open_orders - 1))
    asked, done = _amounts(order, working)
    if reason is not None or asked < done:
        return reason or _below_cum_qty(order, working)
    keeps_place = changed <= _QUANTITIES and asked <= _amounts(before, working)[0]
    replaced = replace(
        working,
        order=order,
        arrival_seq=working.arrival_seq if keeps_place else state.next_seq,
        accepted_us=moment.transact_time_us(order.order_time_us),
        end_us=order.expire_time_us if "expire_time_us" in changed else working.end_us,
        is_checked=rules.is_checkable(order, context.reference),
        first_order_id=working.order_id,
    )
    return replaced.ended(OrdStatus.FILLED, moment.closing) if asked == done else replaced


def _carry_out(state: ShardState, working: WorkingOrder, replaced: WorkingOrder, moment: Moment) -> Effects:
    """Put the replaced order in the place of the one before it; then its step."""
    symbol, orders = working.order.symbol, state.open[working.order.symbol]
    gone = working.ended(OrdStatus.REPLACED, moment.closing)
    state.registry.put(gone)
    state.next_seq = max(state.next_seq, replaced.arrival_seq + 1)
    events = [Event(replaced, reports.replaced(replaced, moment, working.order.cl_ord_id))]
    cancel = state.cancels.waiting_for(replaced.order)
    if cancel is not None and replaced.is_open:
        events.append(canceled(replaced, moment, cancel))
    orders.replace(working, events[-1].working)
    events += stepped(state, orders, moment)
    return joined([Effects(journal=(gone,)), applied(state, symbol, events)])


def _unused_field(working: WorkingOrder, changed: set[str]) -> str | None:
    """Return a changed field that the order has no use for; the rules find the others."""
    unused = "cash_order_qty" if working.order.cash_order_qty is None else "order_qty"
    if unused in changed:
        return unused
    return "stop_px" if working.is_triggered and "stop_px" in changed else None


def _amounts(order: Order, working: WorkingOrder) -> tuple[Decimal, Decimal]:
    """Return the quantity or cash that is asked for, and how much of it is done."""
    if order.order_qty is not None:
        return order.order_qty, working.cum_qty
    assert order.cash_order_qty is not None
    return order.cash_order_qty, working.cum_cash


def _below_cum_qty(order: Order, working: WorkingOrder) -> CodedReason:
    asked, done = map(plain, _amounts(order, working))
    if order.order_qty is not None:
        return coded_reason(Code.BELOW_CUM_QTY, {"order_qty": asked, "cum_qty": done})
    return coded_reason(Code.BELOW_CUM_QTY, {"cash_order_qty": asked, "cum_cash": done})
