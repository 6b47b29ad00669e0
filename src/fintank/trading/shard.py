"""One shard of the rule engine.

Messages go in; reports, fills and changes of its state come out, to be written in one transaction.
- An order's identity is decided once: the same content again is ignored, other content is REJECTED.
- What happens to a symbol's open orders happens in steps (`steps`).
- The quotes and the clock that a decision used come out with the decision.
"""

from collections.abc import Iterable

from fintank.trading import reports, rules
from fintank.trading.canceling import cancel_list, cancel_mass, cancel_one, canceled
from fintank.trading.changes import Change, Forgotten, RejectedDuplicate
from fintank.trading.clock import ClockState
from fintank.trading.closed_orders import ClosedOrders
from fintank.trading.codes import Code, coded_reason
from fintank.trading.effects import Effects, applied, joined, stepped
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, OrdStatus, Quote, TradingState
from fintank.trading.moment import Moment
from fintank.trading.replacing import replace_order
from fintank.trading.requests import CancelRequest, MassCancel, Replace
from fintank.trading.shard_state import ShardState
from fintank.trading.steps import Event
from fintank.trading.working_order import WorkingOrder, end_us


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
        if book is None or book.is_due(log_us):
            state.forget(symbol)
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
        events = stepped(state, orders, state.moment(symbol, f"ticks-{quote.quote_id}"))
        return applied(state, symbol, events) if events else None

    def on_order(self, order: Order, log_us: int) -> Effects:
        """Accept an order (NEW, and what it trades at once), reject it, or ignore it as a replay."""
        state = self.state
        state.log_us, state.timer = log_us, None
        state.forget(order.symbol)
        if state.registry.is_replay(order):
            state.counts.duplicates += 1
            return Effects()
        moment = state.moment(order.symbol, order.input)
        working = WorkingOrder(
            order,
            arrival_seq=state.next_seq,
            accepted_us=moment.transact_time_us(order.order_time_us),
            end_us=end_us(order, moment.instrument, state.limits.time_zone),
            is_checked=rules.is_checkable(order, state.reference(order.symbol)),
        )
        if state.registry.find(order.identity) is not None:
            state.counts.duplicates += 1
            return self._reject_duplicate(working, moment)
        state.next_seq += 1
        reason = rules.check(order, state.rule_context(order.symbol, moment))
        if reason is None:
            return self._accept(working, moment)
        working = working.ended(OrdStatus.REJECTED, moment.closing)
        return applied(state, order.symbol, [Event(working, reports.rejected(working, moment, reason))])

    def on_cancel(self, request: CancelRequest, log_us: int) -> Effects:
        """Cancel one order or several, or replace one; reject the request, or ignore it as a replay."""
        state = self.state
        state.log_us, state.timer = log_us, None
        state.forget(request.symbol)
        if state.cancels.is_known(request):
            return Effects()
        if isinstance(request, MassCancel):
            return cancel_mass(state, request)
        if isinstance(request, Replace):
            return replace_order(state, request)
        return cancel_one(state, request) if request.list_id is None else cancel_list(state, request)

    def on_trading_state(self, message: TradingState, log_us: int) -> Effects:
        """Put a trading state into force, unless the one in force is as new."""
        state = self.state
        state.log_us, state.timer = log_us, None
        if not state.trading_states.put(message):
            return Effects()
        effects = [Effects(journal=(message,))]
        for symbol in sorted(state.open if message.symbol is None else state.open.keys() & {message.symbol}):
            events = stepped(state, state.open[symbol], state.moment(symbol, message.input))
            effects.append(applied(state, symbol, events))
        return joined(effects)

    def on_orders_lost(self, offset: int) -> Effects:
        """Take in that partition 0 of `orders` continues at an earlier offset, with other records."""
        return Effects(journal=tuple(self.state.trading_states.begin_again(offset)))

    def next_timer(self, until_us: int, last: str | None = None) -> Effects | None:
        """Run the next timer up to a log time, by time and symbol, at its own time; None if there is none.

        What the passing of time causes: orders expire, windows end, quotes become too old. All timers up to a
        record's log time run before the record. last: at that time itself, only the timers of the symbols up
        to this one; None for all.
        """
        state = self.state
        symbol = state.next_timer(until_us, last)
        if symbol is None:
            return None
        events = stepped(state, state.open[symbol], state.moment(symbol, None))
        return applied(state, symbol, events) if events else Effects()

    def changed_quotes(self) -> tuple[Change, ...]:
        """Return the quotes, clocks and windows that changed and were not returned yet."""
        return self.state.changed_quotes()

    def sweep(self, log_us: int) -> None:
        """Forget some of all that is too old at a log time; nothing that is decided depends on it."""
        self.state.sweep(log_us)

    def forgotten(self) -> Iterable[Forgotten]:
        """Return what was forgotten since the last call, in order."""
        return self.state.forgotten()

    def _accept(self, working: WorkingOrder, moment: Moment) -> Effects:
        state, order = self.state, working.order
        events = [Event(working, reports.accepted(working, moment))]
        cancel = state.cancels.waiting_for(order)
        orders = state.order_book(order.symbol)
        if cancel is None:
            orders.add(working)
        else:
            events.append(canceled(working, moment, cancel))
        events += stepped(state, orders, moment, working)
        return applied(state, order.symbol, events)

    def _reject_duplicate(self, working: WorkingOrder, moment: Moment) -> Effects:
        order = working.order
        reason = coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": order.cl_ord_id})
        working = working.ended(OrdStatus.REJECTED, moment.closing)
        assert working.closed_us is not None
        duplicate = RejectedDuplicate(
            *(working.closed_us, order.order_time_us), order.identity, order.content_hash, working.by_log
        )
        self.state.registry.close(duplicate)
        report = reports.rejected(working, moment, reason)
        return Effects(reports=(report,), journal=(duplicate, *self.state.changes(order.symbol)))
