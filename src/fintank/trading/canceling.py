"""Cancels and mass cancels: what they do to a shard."""

from collections.abc import Iterable

from fintank.trading import reports, rules
from fintank.trading.cancels import RememberedCancel
from fintank.trading.codes import Code, coded_reason
from fintank.trading.effects import Effects, applied, joined, stepped
from fintank.trading.messages import Cancel, CodedReason, OrdStatus
from fintank.trading.moment import Moment
from fintank.trading.requests import CancelRequest, MassCancel, Replace
from fintank.trading.shard_state import ShardState
from fintank.trading.steps import Event
from fintank.trading.working_order import Closing, WorkingOrder


def cancel_one(state: ShardState, cancel: Cancel) -> Effects:
    """Cancel an open order; reject the cancel if it can't be done."""
    identity = cancel.order_identity
    moment = state.moment(identity.symbol, cancel.input)
    known = state.registry.find(identity)
    reason = request_reason(state, cancel, moment)
    remembered = remember(state, cancel, moment, is_refused=reason is not None)
    if reason is None and isinstance(known, WorkingOrder):
        ended = _cancel(state, known, moment, cancel)
        return joined([ended, _step_after(state, identity.symbol, moment), Effects(journal=(remembered,))])
    reason = reason or no_open_order(cancel, None if known is None else known.ord_status)
    report = reports.cancel_rejected(cancel, moment, reason, known.ord_status if known else None)
    return Effects(reports=(report,), journal=(remembered, *state.changes(identity.symbol)))


def cancel_list(state: ShardState, cancel: Cancel) -> Effects:
    """Cancel the open components of a portfolio order."""
    assert cancel.list_id is not None
    remembered = RememberedCancel.of(cancel, Closing(state.log_us, by_log=True))
    found = state.registry.components(cancel.account, cancel.list_id)
    return _cancel_all(state, cancel, remembered, found)


def cancel_mass(state: ShardState, cancel: MassCancel) -> Effects:
    """Cancel the open orders of an account, of a symbol, or all, and no later ones."""
    closing = Closing(state.log_us, by_log=True)
    if cancel.symbol is not None:
        closing = state.moment(cancel.symbol, None).closing
    remembered = RememberedCancel.of(cancel, closing, is_refused=True)
    found = state.registry.open_orders(cancel.account, cancel.symbol)
    return _cancel_all(state, cancel, remembered, found)


def request_reason(state: ShardState, request: Cancel | Replace, moment: Moment) -> CodedReason | None:
    """Return why a request about one order is rejected whatever that order is; None if it is not."""
    if state.cancels.is_taken(request):
        return coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": request.cl_ord_id})
    context = state.rule_context(request.order_identity.symbol, moment)
    breach = rules.too_old(request.order_time_us, context)
    return None if breach is None else coded_reason(Code.STALE_ORDER, breach)


def no_open_order(request: Cancel | Replace, ord_status: OrdStatus | None) -> CodedReason:
    """Return why a request finds no open order: it is terminal, or unknown (None)."""
    if ord_status is None:
        return coded_reason(Code.UNKNOWN_ORDER, {"orig_cl_ord_id": request.orig_cl_ord_id})
    return coded_reason(Code.TOO_LATE, {"ord_status": ord_status})


def remember(
    state: ShardState, request: Cancel | Replace, moment: Moment, is_refused: bool
) -> RememberedCancel:
    """Remember a request about one order; return what to journal."""
    remembered = RememberedCancel.of(request, moment.closing, is_refused)
    state.cancels.remember(remembered)
    return remembered


def canceled(working: WorkingOrder, moment: Moment, cancel: CancelRequest | RememberedCancel) -> Event:
    """Return an order CANCELED on request."""
    reason = coded_reason(Code.CANCEL_REQUESTED, {"cl_ord_id": cancel.cl_ord_id})
    working = working.ended(OrdStatus.CANCELED, moment.closing)
    return Event(working, reports.canceled(working, moment, reason, cancel.cl_ord_id, cancel.order_time_us))


def _cancel_all(
    state: ShardState,
    cancel: Cancel | MassCancel,
    remembered: RememberedCancel,
    found: Iterable[WorkingOrder],
) -> Effects:
    """Cancel open orders, unless the cancel is too old by their symbol's clock; then step each symbol."""
    state.cancels.remember(remembered)
    effects = [Effects(journal=(remembered,))]
    moments: dict[str, Moment] = {}
    for working in found:
        symbol = working.order.symbol
        state.forget(symbol)
        moment = moments.get(symbol) or state.moment(symbol, cancel.input)
        if rules.too_old(cancel.order_time_us, state.rule_context(symbol, moment)) is None:
            moments[symbol] = moment
            effects.append(_cancel(state, working, moment, cancel))
    effects += [_step_after(state, symbol, moments[symbol]) for symbol in sorted(moments)]
    return joined(effects)


def _cancel(state: ShardState, working: WorkingOrder, moment: Moment, cancel: Cancel | MassCancel) -> Effects:
    ended, report = canceled(working, moment, cancel)
    assert report is not None
    state.open[working.order.symbol].put(ended)
    state.registry.put(ended)
    return Effects(reports=(report,), journal=(ended,))


def _step_after(state: ShardState, symbol: str, moment: Moment) -> Effects:
    return applied(state, symbol, stepped(state, state.open[symbol], moment))
