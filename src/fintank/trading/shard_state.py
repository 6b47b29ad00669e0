"""Everything that one shard of the rule engine remembers between messages."""

from collections.abc import Iterable
from decimal import Decimal
from math import inf

from fintank.trading.cancels import Cancels
from fintank.trading.changes import Change, Forgotten, SymbolClock
from fintank.trading.clock import Clock, ClockState
from fintank.trading.closed_orders import ClosedOrders
from fintank.trading.depth import Depth
from fintank.trading.forgetting import Forgetting
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Reached
from fintank.trading.moment import Moment
from fintank.trading.order_book import OrderBook
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.quote_book import Counts, QuoteBook
from fintank.trading.rules import RuleContext
from fintank.trading.timers import Timers
from fintank.trading.trading_states import TradingStates


class ShardState:
    """The quotes, clocks and orders of a shard's symbols, its cancels and the trading states.

    books: by symbol, from its first quote on. open: by symbol, while it has open orders. log_us: the log
    time in microseconds, which moves the symbols' clocks. timer: the symbol whose timer ran last, at log_us;
    None if a record came after it.
    """

    def __init__(self, limits: Limits, closed: ClosedOrders | None = None) -> None:
        """Start empty, but for the closed orders that are given."""
        self.limits = limits
        self.counts = Counts()
        self.books: dict[str, QuoteBook] = {}
        self.open: dict[str, OrderBook] = {}
        self.registry = OrderRegistry(ClosedOrders() if closed is None else closed)
        self.cancels = Cancels()
        self.trading_states = TradingStates()
        self.next_seq = 0
        self.log_us = 0
        self.timer: str | None = None
        # Only what changed is looked at. These two are dicts for their order.
        self.changed: dict[str, None] = {}
        """The symbols that changed_quotes has to look at."""
        self.touched: dict[str, None] = {}
        """The symbols whose timers may need to be set again."""
        self._timers = Timers()
        self._forgetting = Forgetting(self.registry, self.cancels, self.books, self.open, limits)

    def add_book(self, symbol: str, clock_state: ClockState) -> QuoteBook:
        """Make the quote book of a symbol that has none."""
        book = QuoteBook(symbol, Clock(clock_state), self.limits, self.counts)
        self.books[symbol] = book
        self._forgetting.add_book(book)
        return book

    def order_book(self, symbol: str) -> OrderBook:
        """Return the open orders of a symbol, an empty book if there are none."""
        found = self.open.get(symbol)
        if found is None:
            found = self.open[symbol] = OrderBook(symbol)
        return found

    def moment(self, symbol: str, caused_by: str | None) -> Moment:
        """Return a symbol's market and clock at the present log time."""
        book, instrument = self.books.get(symbol), self.limits.instruments.of(symbol)
        if book is None:
            return Moment(caused_by, instrument, Depth(), None, None, self.log_us, None)
        now_us = book.clock.now(self.log_us)
        market, tick_time_us = book.market(now_us), book.clock.tick_time_us
        as_of = book.as_of(now_us)
        return Moment(caused_by, instrument, market, now_us, tick_time_us, self.log_us, as_of)

    def rule_context(self, symbol: str, moment: Moment) -> RuleContext:
        """Return what a symbol's orders are measured against at a moment."""
        orders = self.open.get(symbol)
        open_orders = 0 if orders is None else len(orders.by_seq)
        state, of_accounts = self.trading_states.of_symbol(symbol), self.trading_states.of_accounts
        book = self.books.get(symbol)
        forgotten_us = self._forgetting.forgotten_us if book is None else book.forgotten_us
        facts = state, open_orders, moment.market, self.reference(symbol), of_accounts
        return RuleContext(self.limits, moment.instrument, moment.now_us, self.log_us, forgotten_us, *facts)

    def reference(self, symbol: str) -> Decimal | None:
        """Return a symbol's reference price at the present log time; None without one."""
        book = self.books.get(symbol)
        return None if book is None else book.reference_at(book.clock.now(self.log_us))

    def changes(self, symbol: str) -> list[Change]:
        """Return a symbol's quotes, clock and windows that changed since the last call; drop an empty order
        book."""
        self.touched[symbol] = None
        book, orders = self.books.get(symbol), self.open.get(symbol)
        changes = [] if book is None else book.changes()
        if orders is not None:
            changes += orders.windows.changes()
            if not orders.by_seq:
                del self.open[symbol]
        self._forgetting.watch(symbol)
        return changes

    def changed_quotes(self) -> tuple[Change, ...]:
        """Return the changes of all symbols that `changes` has not returned yet."""
        found = [change for symbol in self.changed for change in self.changes(symbol)]
        self.changed.clear()
        return tuple(found)

    @property
    def reached(self) -> Reached:
        """How far the shard has come."""
        return Reached(self.log_us, self.timer, self._forgetting.forgotten_us)

    def restore(self, reached: Reached) -> None:
        """Go on from there."""
        self.log_us, self.timer, self._forgetting.forgotten_us = reached

    def restored(self, clocks: Iterable[SymbolClock]) -> None:
        """Take in what was forgotten, when all that is remembered is restored, and set the timers."""
        for clock in clocks:
            self.books[clock.symbol].forgotten_us = clock.forgotten_us
        self._settle()

    def _settle(self) -> None:
        """Set the timers of restored open orders: what was to happen until `reached` has happened."""
        for symbol, orders in self.open.items():
            book = self.books.get(symbol)
            if book is not None:
                is_ahead = self.timer is not None and symbol > self.timer
                now_us = book.clock.now(self.log_us - 1 if is_ahead else self.log_us)
                next_session_us = self.limits.instruments.of(symbol).next_change_us(now_us)
                book.reference_at(now_us)
                changes_us = book.next_stale_us(now_us), next_session_us, book.reference.due_us
                orders.settle(now_us, *changes_us, sides=(), must_look=True)
                self.touched[symbol] = None

    def next_timer(self, until_us: int, last: str | None = None) -> str | None:
        """Move on to the next timer up to a log time, and return its symbol; None if there is none.

        last: at that time itself, only the timers of the symbols up to this one; None for all.
        """
        for symbol in self.touched:
            self._timers.set(symbol, self._due_us(symbol))
        self.touched.clear()
        while (found := self._timers.pop(until_us, last)) is not None:
            time_us, symbol = found
            due_us = self._due_us(symbol)
            if due_us <= time_us:
                self.log_us, self.timer = int(time_us), symbol
                self.touched[symbol] = None
                return symbol
            self._timers.set(symbol, due_us)
        return None

    def forget(self, symbol: str | None) -> None:
        """Forget what is too old before a symbol's message is decided on; None: a list cancel."""
        self.changed |= dict.fromkeys(self._forgetting.look(symbol, self.log_us))

    def sweep(self, log_us: int) -> None:
        """Forget some of all that is too old."""
        self.changed |= dict.fromkeys(self._forgetting.sweep(self.changed, log_us))

    def forgotten(self) -> Iterable[Forgotten]:
        """Return what was forgotten since the last call, in order."""
        return self._forgetting.taken()

    def _due_us(self, symbol: str) -> float:
        """Return the log time of a symbol's next step that needs no message."""
        book, orders = self.books.get(symbol), self.open.get(symbol)
        return inf if book is None or orders is None else book.clock.when(orders.due_us)
