"""One shard of the rule engine.

Messages go in; reports, fills and changes of its state come out, to be written in one transaction.
- An order's identity is decided once: the same content again is ignored, other content is REJECTED.
- What happens to a symbol's open orders happens in steps (`steps`).
- The quotes and the clock that a decision used come out with the decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fintank.trading import ledger, reports, rules
from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import Change, RejectedDuplicate
from fintank.trading.clock import ClockState
from fintank.trading.closed_orders import ClosedOrders
from fintank.trading.codes import Code, coded_reason
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, CodedReason, ExecType, Order, OrdStatus, Quote, TradingState
from fintank.trading.moment import Moment
from fintank.trading.order_book import OrderBook
from fintank.trading.reports import Fill, Report
from fintank.trading.shard_state import ShardState
from fintank.trading.steps import Event, step
from fintank.trading.working_order import WorkingOrder, end_us


@dataclass(frozen=True, slots=True)
class Effects:
    """All that one message leads to; nothing at all for a replay."""

    reports: tuple[Report, ...] = ()
    fills: tuple[Fill, ...] = ()
    journal: tuple[Change, ...] = ()


class Shard:
    """Decides on the messages of one shard's symbols. log_us: the log time, in microseconds."""

    def __init__(self, limits: Limits, closed: ClosedOrders | None = None) -> None:
        self.state = ShardState(limits, closed)

    def on_quote(self, quote: Quote, log_us: int) -> Effects | None:
        """Take in a quote and let the symbol's open orders trade; None if there is nothing to write now.

        Then the quote itself is still to be written, by changed_quotes, within a second.
        """
        state = self.state
        state.log_us, state.timer = log_us, None
        symbol = quote.symbol
        book = state.books.get(symbol)
        if book is None:
            book = state.add_book(symbol, ClockState(quote.time_us, log_us))
        now_us = book.accept(quote, log_us)
        if now_us is None:
            return None
        state.changed[symbol] = None
        orders = state.open.get(symbol)
        if orders is None:
            return None
        state.touched[symbol] = None
        if not orders.is_touched(quote, now_us, book.clock.tick_time_us):
            return None
        events = self._step(orders, state.moment(symbol, f"ticks-{quote.quote_id}"))
        return self._effects(symbol, events) if events else None

    def on_order(self, order: Order, log_us: int) -> Effects:
        """Accept an order (NEW, and what it trades at once), reject it, or ignore it as a replay."""
        state = self.state
        state.log_us, state.timer = log_us, None
        if state.registry.is_replay(order):
            state.counts.duplicates += 1
            return Effects()
        moment = state.moment(order.symbol, order.input)
        working = WorkingOrder(
            order,
            arrival_seq=state.next_seq,
            accepted_us=moment.transact_time_us(order.order_time_us),
            end_us=end_us(order, moment.instrument, state.limits.time_zone),
            is_checked=rules.has_price(order, moment.market),
        )
        if state.registry.find(order.identity) is not None:
            state.counts.duplicates += 1
            return self._reject_duplicate(working, moment)
        state.next_seq += 1
        reason = rules.check(order, state.rule_context(order.symbol, moment))
        if reason is None:
            return self._accept(working, moment)
        working = working.ended(OrdStatus.REJECTED, moment.now_us)
        return self._effects(order.symbol, [Event(working, reports.rejected(working, moment, reason))])

    def on_cancel(self, cancel: Cancel, log_us: int) -> Effects:
        """Cancel an open order, or those of a list; reject the cancel, or ignore it as a replay."""
        state = self.state
        state.log_us, state.timer = log_us, None
        if state.cancels.is_known(cancel):
            return Effects()
        return self._cancel_one(cancel) if cancel.list_id is None else self._cancel_list(cancel)

    def on_trading_state(self, message: TradingState, log_us: int) -> Effects:
        """Put a trading state into force, unless the one in force is as new."""
        state = self.state
        state.log_us, state.timer = log_us, None
        if state.trading_state is not None and message.offset <= state.trading_state.offset:
            return Effects()
        state.trading_state = message
        effects = [Effects(journal=(message,))]
        for symbol in sorted(state.open):
            events = self._step(state.open[symbol], state.moment(symbol, message.input))
            effects.append(self._effects(symbol, events))
        return _joined(effects)

    def on_orders_lost(self, offset: int) -> Effects:
        """Take in that partition 0 of `orders` goes on at an earlier offset, with other records."""
        held = self.state.trading_state
        if held is None or held.offset < offset:
            return Effects()
        self.state.trading_state = replace(held, offset=offset - 1)
        return Effects(journal=(self.state.trading_state,))

    def next_timer(self, until_us: int) -> Effects | None:
        """Run the next timer up to a log time, by time and symbol, at its own time; None if there is none.

        What the passing of time causes: orders expire, windows end, quotes become too old. All timers up to a
        record's log time run before the record.
        """
        state = self.state
        symbol = state.next_timer(until_us)
        if symbol is None:
            return None
        events = self._step(state.open[symbol], state.moment(symbol, None))
        return self._effects(symbol, events) if events else Effects()

    def changed_quotes(self) -> tuple[Change, ...]:
        """Return the quotes, clocks and windows that changed and were not returned yet."""
        return self.state.changed_quotes()

    def forget_closed(self, log_us: int) -> tuple[Change, ...]:
        """Forget some of what has been closed for longer than the retention; return it."""
        self.state.log_us = max(self.state.log_us, log_us)
        return tuple(self.state.forget())

    def _accept(self, working: WorkingOrder, moment: Moment) -> Effects:
        order = working.order
        events = [Event(working, reports.accepted(working, moment))]
        cancel = self.state.cancels.waiting_for(order)
        orders = self.state.order_book(order.symbol)
        if cancel is None:
            orders.add(working)
        else:
            events.append(_canceled(working, moment, cancel))
        events += self._step(orders, moment, working)
        return self._effects(order.symbol, events)

    def _reject_duplicate(self, working: WorkingOrder, moment: Moment) -> Effects:
        order = working.order
        reason = coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": order.cl_ord_id})
        working = working.ended(OrdStatus.REJECTED, moment.now_us)
        assert working.closed_us is not None
        duplicate = RejectedDuplicate(working.closed_us, order.identity, order.content_hash)
        self.state.registry.close(duplicate)
        report = reports.rejected(working, moment, reason)
        return Effects(reports=(report,), journal=(duplicate, *self.state.changes(order.symbol)))

    def _cancel_one(self, cancel: Cancel) -> Effects:
        state, identity = self.state, cancel.order_identity
        moment = state.moment(identity.symbol, cancel.input)
        known = state.registry.find(identity)
        reason = self._cancel_reason(cancel, moment)
        closed_us = max(cancel.order_time_us, moment.now_us or 0)
        remembered = RememberedCancel.of(cancel, closed_us, is_refused=reason is not None)
        state.cancels.remember(remembered)
        if reason is None and isinstance(known, WorkingOrder):
            effects = self._cancel(known, moment, cancel)
            return _joined([effects, Effects(journal=(remembered,))])
        if reason is None and known is None:
            reason = coded_reason(Code.UNKNOWN_ORDER, {"orig_cl_ord_id": identity.cl_ord_id})
        elif reason is None and known is not None:
            reason = coded_reason(Code.TOO_LATE, {"ord_status": known.ord_status})
        assert reason is not None
        report = reports.cancel_rejected(cancel, moment, reason, known.ord_status if known else None)
        return Effects(reports=(report,), journal=(remembered, *state.changes(identity.symbol)))

    def _cancel_reason(self, cancel: Cancel, moment: Moment) -> CodedReason | None:
        """Return why a cancel is rejected whatever its order is; None if it is not."""
        if self.state.cancels.is_taken(cancel):
            return coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": cancel.cl_ord_id})
        breach = rules.too_old(cancel.order_time_us, moment.now_us, self.state.limits)
        return None if breach is None else coded_reason(Code.STALE_ORDER, breach)

    def _cancel_list(self, cancel: Cancel) -> Effects:
        state = self.state
        assert cancel.list_id is not None
        remembered = RememberedCancel.of(cancel, cancel.order_time_us)
        state.cancels.remember(remembered)
        effects = [Effects(journal=(remembered,))]
        for working in state.registry.components(cancel.account, cancel.list_id):
            moment = state.moment(working.order.symbol, cancel.input)
            if rules.too_old(cancel.order_time_us, moment.now_us, state.limits) is None:
                effects.append(self._cancel(working, moment, cancel))
        return _joined(effects)

    def _cancel(self, working: WorkingOrder, moment: Moment, cancel: Cancel) -> Effects:
        symbol = working.order.symbol
        event = _canceled(working, moment, cancel)
        orders = self.state.open[symbol]
        orders.put(event.working)
        return self._effects(symbol, [event, *self._step(orders, moment)])

    def _step(self, orders: OrderBook, moment: Moment, arrived: WorkingOrder | None = None) -> list[Event]:
        state, symbol = self.state, orders.symbol
        state.changed[symbol] = None
        if moment.market.crossing and moment.input is not None and orders.by_seq:
            state.counts.crossed += 1
        return step(orders, state.books.get(symbol), moment, state.rule_context(symbol, moment), arrived)

    def _effects(self, symbol: str, events: Sequence[Event]) -> Effects:
        """Apply what happened to a symbol's orders; return everything to write about it."""
        latest = {working.arrival_seq: working for working, _ in events}
        for working in latest.values():
            self.state.registry.put(working)
        made = [report for _, report in events if report is not None]
        return Effects(
            reports=tuple(made),
            fills=tuple(ledger.booking(report) for report in made if report.exec_type is ExecType.TRADE),
            journal=(*latest.values(), *self.state.changes(symbol)),
        )


def _canceled(working: WorkingOrder, moment: Moment, cancel: Cancel | RememberedCancel) -> Event:
    """Cancel an order on request."""
    reason = coded_reason(Code.CANCEL_REQUESTED, {"cl_ord_id": cancel.cl_ord_id})
    working = working.ended(OrdStatus.CANCELED, moment.now_us)
    return Event(working, reports.canceled(working, moment, reason, cancel.cl_ord_id, cancel.order_time_us))


def _joined(effects: Sequence[Effects]) -> Effects:
    return Effects(
        reports=tuple(report for each in effects for report in each.reports),
        fills=tuple(fill for each in effects for fill in each.fills),
        journal=tuple(change for each in effects for change in each.journal),
    )
