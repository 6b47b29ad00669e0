"""One shard of the rule engine: everything that is remembered between messages, and only that.

Messages go in; reports, fills and journal records come out, to be written in one transaction.
- An order's identity is decided on once: the same content again is ignored, other content is REJECTED.
- Orders of one symbol trade in the order of their arrival, at the first NBBO that lets them.
- What a decision rests on (the symbol's quotes and clock) is in the same outcome as the decision.
- wall_us, the wall time in microseconds, moves the symbols' clocks and nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from fintank.trading import journal, ledger, reports, rules
from fintank.trading.clock import Clock, ClockState
from fintank.trading.journal import ClosedRecord, JournalRecord, Kind
from fintank.trading.limits import Limits
from fintank.trading.matching import Trade, Wait, can_trade, decide
from fintank.trading.messages import ExecType, ExecutionReport, Fill, Identity, Order, OrdStatus, Quote
from fintank.trading.orders import WorkingOrder
from fintank.trading.quotes import Book, Counts, Nbbo
from fintank.trading.reports import Moment
from fintank.trading.rules import Code, Facts, refusal

TOMBSTONES_MAX = 1_000

# An order after something happened to it, and the report of that.
Event = tuple[WorkingOrder, ExecutionReport]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that one message leads to; nothing at all for a replay."""

    reports: tuple[ExecutionReport, ...] = ()
    fills: tuple[Fill, ...] = ()
    journal: tuple[JournalRecord, ...] = ()


class Shard:
    """The orders, quotes and clocks of the symbols of one shard. counts: what was of no use."""

    def __init__(self, limits: Limits) -> None:
        self.counts = Counts()
        self._limits = limits
        self._books: dict[str, Book] = {}
        self._open: dict[str, list[WorkingOrder]] = {}
        self._content_hashes: dict[Identity, str] = {}
        self._refused: set[tuple[Identity, str]] = set()
        self._closed: dict[str, list[ClosedRecord]] = {}
        self._next_seq = 0
        self._wall_us = 0

    def on_quote(self, quote: Quote, wall_us: int) -> Outcome | None:
        """Take a quote in and let the symbol's open orders trade; None if there is nothing to write now.

        Then the quote itself is still to be written: by changed_quotes, within a second.
        """
        self._wall_us = max(self._wall_us, wall_us)
        symbol = quote.symbol
        book = self._books.get(symbol)
        if book is None:
            book = self._new_book(symbol, ClockState(quote.time_us, self._wall_us, quote.time_us))
        if not book.accept(quote, self._wall_us) or symbol not in self._open:
            return None
        events = self._match(symbol, self._moment(symbol, f"ticks-{quote.quote_id}"))
        return self._outcome(symbol, events) if events else None

    def on_order(self, order: Order, wall_us: int) -> Outcome:
        """Accept an order (NEW, and what it trades at once), refuse it, or ignore it as a replay."""
        self._wall_us = max(self._wall_us, wall_us)
        known_hash = self._content_hashes.get(order.identity)
        if known_hash == order.content_hash or (order.identity, order.content_hash) in self._refused:
            self.counts.duplicates += 1
            return Outcome()
        moment = self._moment(order.symbol, order.input)
        if known_hash is not None:
            self.counts.duplicates += 1
            return self._refuse_duplicate(order, moment)
        working = WorkingOrder(order, arrival_seq=self._next_seq)
        self._next_seq += 1
        self._content_hashes[order.identity] = order.content_hash
        refused = rules.check(order, Facts(self._limits, moment.now_us))
        if refused is not None:
            working = working.ended(OrdStatus.REJECTED, moment.now_us)
            return self._outcome(order.symbol, [(working, reports.rejected(working, moment, refused))])
        self._open.setdefault(order.symbol, []).append(working)
        events = [(working, reports.accepted(working, moment)), *self._match(order.symbol, moment)]
        return self._outcome(order.symbol, events)

    def changed_quotes(self) -> tuple[JournalRecord, ...]:
        """Return the quotes and clocks that no outcome and no earlier call has brought to the journal."""
        return tuple(record for book in self._books.values() for record in book.changes())

    def expire_terminal(self, wall_us: int) -> tuple[JournalRecord, ...]:
        """Forget what has been terminal for longer than the retention; return its tombstones.

        At most TOMBSTONES_MAX at once. The clocks that say so come with them: were one forgotten, an order
        without its record could be accepted once more.
        """
        self._wall_us = max(self._wall_us, wall_us)
        records: list[JournalRecord] = []
        for symbol in [symbol for symbol in self._closed if symbol in self._books]:
            tombstones = self._forget(symbol, TOMBSTONES_MAX - len(records))
            if tombstones:
                book = self._books[symbol]
                book.clock.hold(self._wall_us)
                records += [*tombstones, *book.changes()]
            if len(records) >= TOMBSTONES_MAX:
                break
        return tuple(records)

    def open_ages_us(self, wall_us: int) -> Iterator[int]:
        """Yield each open order's age in microseconds, by its symbol's clock; without one, by the wall."""
        for symbol, waiting in self._open.items():
            book = self._books.get(symbol)
            now_us = wall_us if book is None else book.clock.now(wall_us)
            for working in waiting:
                yield now_us - working.order.order_time_us

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
            shard._books[value["symbol"]].hold(journal.quote(value))
        for value in values[Kind.REFUSAL]:
            shard._remember_closed(journal.closed_record(Kind.REFUSAL, value))
        for value in sorted(values[Kind.ORDER], key=lambda value: int(value["arrival_seq"])):
            shard._restore_order(value)
        shard.changed_quotes()  # all of them stand in the journal
        return shard

    def _restore_order(self, value: dict[str, Any]) -> None:
        self._next_seq = value["arrival_seq"] + 1
        if value["closed_us"] is not None:
            self._remember_closed(journal.closed_record(Kind.ORDER, value))
            return
        working = journal.working_order(value)
        self._content_hashes[working.order.identity] = working.order.content_hash
        self._open.setdefault(working.order.symbol, []).append(working)

    def _new_book(self, symbol: str, clock_state: ClockState) -> Book:
        book = Book(symbol, Clock(clock_state), self._limits.max_quote_age_us, self.counts)
        self._books[symbol] = book
        return book

    def _moment(self, symbol: str, caused_by: str) -> Moment:
        book = self._books.get(symbol)
        if book is None:
            return Moment(caused_by, Nbbo(), now_us=None, tick_time_us=None)
        now_us = book.clock.now(self._wall_us)
        return Moment(caused_by, book.nbbo(now_us), now_us, book.clock.tick_time_us)

    def _match(self, symbol: str, moment: Moment) -> list[Event]:
        """Let every open order of the symbol decide, in the order of arrival."""
        if moment.nbbo.is_crossed:
            self.counts.crossed += 1
        if not can_trade(moment.nbbo):  # thousands may wait: don't ask each of them
            return []
        events: list[Event] = []
        still_open: list[WorkingOrder] = []
        for working in self._open.pop(symbol):
            event = self._try(working, moment)
            if event is not None:
                events.append(event)
            if event is None or event[0].is_open:
                still_open.append(working if event is None else event[0])
        if still_open:
            self._open[symbol] = still_open
        return events

    def _try(self, working: WorkingOrder, moment: Moment) -> Event | None:
        decision = decide(working, moment.nbbo, self._limits)
        if isinstance(decision, Wait):
            return None
        if isinstance(decision, Trade):
            working = working.traded(decision.last_qty, decision.last_px, OrdStatus.FILLED, moment.now_us)
            return working, reports.traded(working, moment, decision)
        working = working.ended(OrdStatus.CANCELED, moment.now_us)
        return working, reports.canceled(working, moment, decision.refusal)

    def _refuse_duplicate(self, order: Order, moment: Moment) -> Outcome:
        refused = refusal(Code.DUPLICATE_ORDER, {"cl_ord_id": order.cl_ord_id})
        working = WorkingOrder(order, self._next_seq).ended(OrdStatus.REJECTED, moment.now_us)
        assert working.closed_us is not None
        closed = ClosedRecord(working.closed_us, Kind.REFUSAL, order.identity, order.content_hash)
        self._remember_closed(closed)
        report = reports.rejected(working, moment, refused, order.content_hash)
        changes = self._books[order.symbol].changes() if order.symbol in self._books else []
        return Outcome(reports=(report,), journal=(journal.refusal_record(closed), *changes))

    def _outcome(self, symbol: str, events: list[Event]) -> Outcome:
        latest = {working.order.identity: working for working, _ in events}
        for identity, working in latest.items():
            if working.closed_us is not None:
                content_hash = working.order.content_hash
                self._remember_closed(ClosedRecord(working.closed_us, Kind.ORDER, identity, content_hash))
        changes = self._books[symbol].changes() if symbol in self._books else []
        return Outcome(
            reports=tuple(report for _, report in events),
            fills=tuple(ledger.booking(report) for _, report in events if report.exec_type is ExecType.TRADE),
            journal=(*(journal.order_record(working) for working in latest.values()), *changes),
        )

    def _remember_closed(self, closed: ClosedRecord) -> None:
        if closed.kind is Kind.ORDER:
            self._content_hashes[closed.identity] = closed.content_hash
        else:
            self._refused.add((closed.identity, closed.content_hash))
        heappush(self._closed.setdefault(closed.identity.symbol, []), closed)

    def _forget(self, symbol: str, tombstones_max: int) -> list[JournalRecord]:
        now_us = self._books[symbol].clock.now(self._wall_us)
        heap = self._closed[symbol]
        tombstones: list[JournalRecord] = []
        while heap and len(tombstones) < tombstones_max:
            if now_us - heap[0].closed_us <= self._limits.retention_us:
                break
            closed = heappop(heap)
            if closed.kind is Kind.ORDER:
                del self._content_hashes[closed.identity]
            else:
                self._refused.remove((closed.identity, closed.content_hash))
            tombstones.append(closed.tombstone)
        if not heap:
            del self._closed[symbol]
        return tombstones
