"""One shard of the rule engine: everything that is remembered between messages, and only that.

Messages go in; reports, fills and journal records come out, to be written in one transaction.
- An order's identity is decided on once: the same content again is ignored, other content is REJECTED.
- What happens to a symbol's open orders happens in steps (`steps`).
- What a decision rests on (the symbol's quotes and clock) is in the same outcome as the decision.
- wall_us, the wall time in microseconds, moves the symbols' clocks and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fintank.trading import expiry, journal, ledger, reports, rules
from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.clock import Clock, ClockState
from fintank.trading.depth import Depth
from fintank.trading.forgetting import Forgetting
from fintank.trading.journal import JournalRecord, Kind
from fintank.trading.limits import Limits
from fintank.trading.messages import (
    Cancel,
    CodedReason,
    ExecType,
    Order,
    OrdStatus,
    Quote,
    State,
    TradingState,
)
from fintank.trading.order_book import OrderBook
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.orders import WorkingOrder
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.trading.reports import Fill, Moment, Report
from fintank.trading.rules import Code, RuleContext, coded_reason
from fintank.trading.steps import Event, StepConfig, step
from fintank.trading.timers import Timers

SECOND_EVENTS_MAX = 10_000
"""After so many in one second, the symbols that are left are due in the next one."""


@dataclass(frozen=True, slots=True)
class Effects:
    """All that one message leads to; nothing at all for a replay."""

    reports: tuple[Report, ...] = ()
    fills: tuple[Fill, ...] = ()
    journal: tuple[JournalRecord, ...] = ()


class Shard:
    """The orders, quotes and clocks of the symbols of one shard. counts: what was of no use."""

    def __init__(self, limits: Limits) -> None:
        self.counts = Counts()
        self._limits = limits
        self._books: dict[str, QuoteBook] = {}
        self._open: dict[str, OrderBook] = {}
        self._known = OrderRegistry()
        self._cancels = Cancels()
        self._state: TradingState | None = None
        self._next_seq = 0
        self._wall_us = 0
        # Only what changed is looked at. Of these two dicts only the keys count, and their order.
        self._changed: dict[str, None] = {}
        """The symbols of which changed_quotes may have something to tell."""
        self._touched: dict[str, None] = {}
        """The symbols whose timers may have to be set anew, beside the changed ones."""
        self._timers = Timers()
        self._forgetting = Forgetting(self._known, self._cancels, self._books, limits.retention_us)

    def on_quote(self, quote: Quote, wall_us: int) -> Effects | None:
        """Take a quote in and let the symbol's open orders trade; None if there is nothing to write now.

        Then the quote itself is still to be written: by changed_quotes, within a second.
        """
        self._wall_us = max(self._wall_us, wall_us)
        symbol = quote.symbol
        book = self._books.get(symbol)
        if book is None:
            book = self._new_book(symbol, ClockState(quote.time_us, self._wall_us, quote.time_us))
        now_us = book.accept(quote, self._wall_us)
        if now_us is None:
            return None
        self._changed[symbol] = None
        orders = self._open.get(symbol)
        if orders is None or not orders.is_touched(quote, now_us):
            return None
        events = self._step(orders, self._moment(symbol, f"ticks-{quote.quote_id}"))
        return self._outcome(symbol, events) if events else None

    def on_order(self, order: Order, wall_us: int) -> Effects:
        """Accept an order (NEW, and what it trades at once), refuse it, or ignore it as a replay."""
        self._wall_us = max(self._wall_us, wall_us)
        if self._known.is_replay(order):
            self.counts.duplicates += 1
            return Effects()
        moment = self._moment(order.symbol, order.input)
        working = WorkingOrder(
            order,
            arrival_seq=self._next_seq,
            accepted_us=moment.transact_time_us(order.order_time_us),
            end_us=expiry.end_us(order, self._limits.time_zone),
            is_checked=moment.market.is_open or not rules.needs_price(order),
        )
        if self._known.find(order.identity) is not None:
            self.counts.duplicates += 1
            return self._refuse_duplicate(working, moment)
        self._next_seq += 1
        refused = rules.check(order, self._facts(order.symbol, moment))
        if refused is None:
            return self._accept(working, moment)
        working = working.ended(OrdStatus.REJECTED, moment.now_us)
        return self._outcome(order.symbol, [Event(working, reports.rejected(working, moment, refused))])

    def on_cancel(self, cancel: Cancel, wall_us: int) -> Effects:
        """End an open order, or those of a list; refuse that, or ignore it as a replay."""
        self._wall_us = max(self._wall_us, wall_us)
        if self._cancels.is_known(cancel):
            return Effects()
        return (
            self._cancel_one(cancel) if cancel.list_id is None else self._cancel_list(cancel, cancel.list_id)
        )

    def on_trading_state(self, message: TradingState, wall_us: int) -> Effects:
        """Go by a trading state from now on, unless it is not newer than the one in force."""
        self._wall_us = max(self._wall_us, wall_us)
        if self._state is not None and message.offset <= self._state.offset:
            return Effects()
        self._state = message
        outcomes = [Effects(journal=(journal.trading_state_record(message),))]
        for symbol in sorted(self._open):
            events = self._step(self._open[symbol], self._moment(symbol, message.input))
            outcomes.append(self._outcome(symbol, events))
        return _joined(outcomes)

    def on_second(self, wall_us: int) -> Effects:
        """Let time pass: once a second at least, as orders expire and windows end without any message."""
        self._wall_us = max(self._wall_us, wall_us)
        self._set_timers()
        outcomes: list[Effects] = []
        event_count = 0
        while event_count < SECOND_EVENTS_MAX:
            symbol = self._timers.next_due(self._wall_us)
            if symbol is None:
                break
            self._touched[symbol] = None
            orders = self._open.get(symbol)
            if orders is not None and self._is_due(orders):
                events = self._step(orders, self._moment(symbol, None))
                if events:
                    outcomes.append(self._outcome(symbol, events))
                    event_count += len(events)
        return _joined(outcomes)

    def changed_quotes(self) -> tuple[JournalRecord, ...]:
        """Return the quotes, clocks and windows that neither an outcome nor an earlier call told of."""
        records: list[JournalRecord] = []
        for symbol in self._changed:
            records += self._changes(symbol)
        self._touched |= self._changed
        self._changed.clear()
        return tuple(records)

    def expire_terminal(self, wall_us: int) -> tuple[JournalRecord, ...]:
        """Forget what has been terminal for longer than the retention; return its tombstones, with the clocks
        that say so."""
        self._wall_us = max(self._wall_us, wall_us)
        self._set_timers()
        tombstones, held = self._forgetting.forget(self._wall_us)
        self._changed |= dict.fromkeys(held)
        return (*tombstones, *self.changed_quotes()) if tombstones else ()

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return self._known.open_count

    def open_symbols(self) -> list[str]:
        """Return the symbols that have open orders."""
        return list(self._open)

    def open_of_age(self, symbol: str, age_us: int, wall_us: int) -> int:
        """Return how many of a symbol's open orders are at least so old, by its clock; without one, by the
        wall."""
        orders, book = self._open.get(symbol), self._books.get(symbol)
        now_us = wall_us if book is None else book.clock.now(wall_us)
        return 0 if orders is None else orders.given_by(now_us - age_us)

    @classmethod
    def restore(cls, limits: Limits, records: Iterable[JournalRecord]) -> "Shard":
        """Return the shard that wrote these records: the last one of each kind and id, in any order.

        Raise ValueError for a record of another schema_version.
        """
        values: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in Kind}
        for record in records:
            if record.value is not None:
                values[record.kind].append(journal.checked(record.value))
        shard = cls(limits)
        for value in values[Kind.CLOCK]:
            state = journal.clock_state(value)
            shard._wall_us = max(shard._wall_us, state.arrival_us)
            shard._new_book(value["symbol"], state)
        for value in values[Kind.QUOTE]:
            shard._books[value["symbol"]].hold(*journal.quote(value))
        for value in values[Kind.REFUSAL]:
            shard._known.refuse(*journal.refusal(value))
        for value in values[Kind.CANCEL]:
            shard._cancels.remember(journal.cancel(value))
        for value in values[Kind.TRADING_STATE]:
            shard._state = journal.trading_state(value)
        for value in sorted(values[Kind.ORDER], key=lambda value: int(value["arrival_seq"])):
            shard._restore_order(value)
        for value in values[Kind.WINDOW]:
            shard._open[value["symbol"]].windows.restore(*journal.window(value))
        shard._changed |= dict.fromkeys(shard._books)
        shard.changed_quotes()  # all of them stand in the journal
        return shard

    def _restore_order(self, value: dict[str, Any]) -> None:
        self._next_seq = value["arrival_seq"] + 1
        if value["closed_us"] is not None:
            self._known.close(*journal.closed_order(value))
            return
        working = journal.working_order(value)
        self._known.put(working)
        self._open_orders(working.order.symbol).add(working)

    def _new_book(self, symbol: str, clock_state: ClockState) -> QuoteBook:
        book = QuoteBook(symbol, Clock(clock_state), self._limits.max_quote_age_us, self.counts)
        self._books[symbol] = book
        return book

    def _open_orders(self, symbol: str) -> OrderBook:
        found = self._open.get(symbol)
        if found is None:
            found = self._open[symbol] = OrderBook(symbol)
        return found

    def _moment(self, symbol: str, caused_by: str | None) -> Moment:
        book = self._books.get(symbol)
        if book is None:
            return Moment(caused_by, Depth(), now_us=None, tick_time_us=None)
        now_us = book.clock.now(self._wall_us)
        return Moment(caused_by, book.market(now_us), now_us, book.clock.tick_time_us)

    def _facts(self, symbol: str, moment: Moment) -> RuleContext:
        orders = self._open.get(symbol)
        open_orders = 0 if orders is None else len(orders.by_seq)
        return RuleContext(self._limits, moment.now_us, self._trading_state, open_orders, moment.market)

    @property
    def _trading_state(self) -> State:
        return State.ACTIVE if self._state is None else self._state.state

    def _accept(self, working: WorkingOrder, moment: Moment) -> Effects:
        order = working.order
        events = [Event(working, reports.accepted(working, moment))]
        cancel = self._cancels.waiting_for(order)
        orders = self._open_orders(order.symbol)
        if cancel is None:
            orders.add(working)
        else:
            events.append(_canceled(working, moment, cancel.cl_ord_id, cancel.order_time_us))
        events += self._step(orders, moment, working)
        return self._outcome(order.symbol, events)

    def _refuse_duplicate(self, working: WorkingOrder, moment: Moment) -> Effects:
        order = working.order
        refused = coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": order.cl_ord_id})
        working = working.ended(OrdStatus.REJECTED, moment.now_us)
        assert working.closed_us is not None
        self._known.refuse(order.identity, order.content_hash, working.closed_us)
        record = journal.refusal_record(order.identity, order.content_hash, working.closed_us)
        return Effects(
            reports=(reports.rejected(working, moment, refused, order.content_hash),),
            journal=(record, *self._changes(order.symbol)),
        )

    def _cancel_one(self, cancel: Cancel) -> Effects:
        identity = cancel.order_identity
        moment = self._moment(identity.symbol, cancel.input)
        known = self._known.find(identity)
        refused = self._cancel_refusal(cancel, moment)
        closed_us = max(cancel.order_time_us, moment.now_us or 0)
        remembered = RememberedCancel.of(cancel, closed_us, is_refused=refused is not None)
        self._cancels.remember(remembered)
        record = journal.cancel_record(remembered)
        if refused is None and isinstance(known, WorkingOrder):
            event = _canceled(known, moment, cancel.cl_ord_id, cancel.order_time_us)
            self._open[identity.symbol].put(event.working)
            return _joined([self._outcome(identity.symbol, [event]), Effects(journal=(record,))])
        if refused is None and known is None:
            refused = coded_reason(Code.UNKNOWN_ORDER, {"orig_cl_ord_id": identity.cl_ord_id})
        elif refused is None and known is not None:
            refused = coded_reason(Code.TOO_LATE, {"ord_status": known.ord_status})
        assert refused is not None
        report = reports.cancel_rejected(cancel, moment, refused, known.ord_status if known else None)
        return Effects(reports=(report,), journal=(record, *self._changes(identity.symbol)))

    def _cancel_refusal(self, cancel: Cancel, moment: Moment) -> CodedReason | None:
        """Say why nothing comes of a cancel, whatever its order is."""
        if self._cancels.is_taken(cancel):
            return coded_reason(Code.DUPLICATE_ORDER, {"cl_ord_id": cancel.cl_ord_id})
        breach = rules.too_old(cancel.order_time_us, moment.now_us, self._limits)
        return None if breach is None else coded_reason(Code.STALE_ORDER, breach)

    def _cancel_list(self, cancel: Cancel, list_id: str) -> Effects:
        remembered = RememberedCancel.of(cancel, cancel.order_time_us)
        self._cancels.remember(remembered)
        outcomes = [Effects(journal=(journal.cancel_record(remembered),))]
        for working in self._known.components(cancel.account, list_id):
            symbol = working.order.symbol
            moment = self._moment(symbol, cancel.input)
            if rules.too_old(cancel.order_time_us, moment.now_us, self._limits) is None:
                event = _canceled(working, moment, cancel.cl_ord_id, cancel.order_time_us)
                self._open[symbol].put(event.working)
                outcomes.append(self._outcome(symbol, [event]))
        return _joined(outcomes)

    def _step(self, orders: OrderBook, moment: Moment, arrived: WorkingOrder | None = None) -> list[Event]:
        self._changed[orders.symbol] = None
        if moment.market.is_crossed and moment.input is not None and orders.by_seq:
            self.counts.crossed += 1
        book = self._books.get(orders.symbol)
        return step(orders, book, moment, StepConfig(self._limits, self._trading_state), arrived)

    def _is_due(self, orders: OrderBook) -> bool:
        book = self._books.get(orders.symbol)
        return book is not None and book.clock.now(self._wall_us) >= orders.due_us

    def _outcome(self, symbol: str, events: Sequence[Event]) -> Effects:
        """Take in what happened to orders of a symbol; return all that is to be written of it."""
        latest = {working.arrival_seq: working for working, _ in events}
        for working in latest.values():
            self._known.put(working)
        told = [report for _, report in events if report is not None]
        return Effects(
            reports=tuple(told),
            fills=tuple(ledger.booking(report) for report in told if report.exec_type is ExecType.TRADE),
            journal=(*map(journal.order_record, latest.values()), *self._changes(symbol)),
        )

    def _changes(self, symbol: str) -> list[JournalRecord]:
        """Return what else of a symbol is to be written; let its orders go if none is open."""
        self._touched[symbol] = None
        book, orders = self._books.get(symbol), self._open.get(symbol)
        changes = [] if book is None else book.changes()
        if orders is not None:
            changes += orders.windows.changes()
            if not orders.by_seq:
                del self._open[symbol]
        return changes

    def _set_timers(self) -> None:
        """Set the timers of the symbols to which anything happened."""
        for symbol in self._touched | self._changed:
            book, orders = self._books.get(symbol), self._open.get(symbol)
            if book is not None:
                self._forgetting.set_timer(symbol)
                if orders is not None:
                    self._timers.set(symbol, book.clock.when(orders.due_us))
        self._touched.clear()


def _canceled(working: WorkingOrder, moment: Moment, cl_ord_id: str, cancel_time_us: int) -> Event:
    """Cancel an order on request."""
    refused = coded_reason(Code.CANCEL_REQUESTED, {"cl_ord_id": cl_ord_id})
    working = working.ended(OrdStatus.CANCELED, moment.now_us)
    return Event(working, reports.canceled_on_request(working, moment, refused, cancel_time_us))


def _joined(outcomes: Sequence[Effects]) -> Effects:
    return Effects(
        reports=tuple(report for outcome in outcomes for report in outcome.reports),
        fills=tuple(fill for outcome in outcomes for fill in outcome.fills),
        journal=tuple(record for outcome in outcomes for record in outcome.journal),
    )
