"""Forgetting: what has been closed for longer than the retention, and symbols of which nothing is left.

Whether something is too old is judged when it is asked for, so the outcome does not depend on when a sweep
comes by. What was forgotten leaves its timestamp behind: a message no later than the latest one may be the
same again.
"""

from collections.abc import Container, Iterable
from math import inf

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.changes import ClosedOrder, Forgotten, RejectedDuplicate
from fintank.trading.limits import Limits
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.quote_book import QuoteBook
from fintank.trading.timers import Timers

FORGOTTEN_MAX = 1_000
"""How many entries, and symbols, a sweep looks at."""


class Forgetting:
    """Forgets what a symbol closed by that symbol's clock, and what was closed without a clock by log time.

    forgotten_us: the latest timestamp of what was forgotten of symbols without a clock.
    """

    def __init__(
        self,
        registry: OrderRegistry,
        cancels: Cancels,
        books: dict[str, QuoteBook],
        open_symbols: Container[str],
        limits: Limits,
    ) -> None:
        self.forgotten_us = 0
        self._registry = registry
        self._cancels = cancels
        self._books = books
        self._open = open_symbols
        self._retention_us = limits.retention_us
        self._silence_us = limits.max_quote_age_us
        self._timers = Timers()
        self._forgotten: list[Forgotten] = []

    def add_book(self, book: QuoteBook) -> None:
        """Look at a new book from time to time.

        If the symbol had one that was forgotten, it begins with what was forgotten then; unless its ticks are
        much older, such as recorded ones among live ones.
        """
        if book.clock.tick_time_us > self.forgotten_us - self._retention_us:
            book.forgotten_us = self.forgotten_us
        self._timers.set(book.symbol, book.clock.arrival_us + self._silence_us + 1)

    def watch(self, symbol: str) -> None:
        """Take in that a symbol's orders or cancels changed."""
        book = self._books.get(symbol)
        if book is not None:
            oldest_us = min(self._registry.oldest_us(symbol), self._cancels.oldest_us(symbol))
            book.keep_until_us = oldest_us + self._retention_us

    def look(self, symbol: str | None, log_us: int) -> list[str]:
        """Forget what is too old of a symbol, and what was closed without a clock, of all symbols.

        If the symbol has no clock, or just lost it, also look at the symbols that may have lost theirs: what
        was forgotten of those counts for it, too. Return the symbols of which anything was forgotten.
        """
        self._forget_by_log(log_us)
        if symbol is None:
            return []
        found = [symbol] if symbol in self._books and self._look(symbol, log_us) else []
        return found if symbol in self._books else found + self._look_at_due(log_us, None)

    def sweep(self, changed: Iterable[str], log_us: int) -> list[str]:
        """Forget some of all that is too old; return the symbols of which anything was forgotten.

        changed: the symbols to look at in any case, as their clocks may have moved.
        """
        self._forget_by_log(log_us, FORGOTTEN_MAX)
        found = [
            symbol
            for symbol in changed
            if symbol in self._books and self._look(symbol, log_us, FORGOTTEN_MAX)
        ]
        return found + self._look_at_due(log_us, FORGOTTEN_MAX)

    def taken(self) -> Iterable[Forgotten]:
        """Return what was forgotten since the last call, in order."""
        forgotten, self._forgotten = self._forgotten, []
        return forgotten

    def _look_at_due(self, log_us: int, symbols_max: int | None) -> list[str]:
        found: list[str] = []
        looks = 0
        while (symbols_max is None or looks < symbols_max) and (due := self._timers.pop(log_us)) is not None:
            looks += 1
            symbol = due[1]
            if symbol in self._books and self._look(symbol, log_us, symbols_max):
                found.append(symbol)
            book = self._books.get(symbol)
            if book is not None:
                again_us = min(book.clock.when(book.keep_until_us), log_us + self._silence_us)
                self._timers.set(symbol, max(again_us, book.clock.arrival_us + self._silence_us, log_us) + 1)
        return found

    def _look(self, symbol: str, log_us: int, entries_max: int | None = None) -> bool:
        book = self._books[symbol]
        if not book.is_due(log_us):
            return False
        found = self._forget(symbol, book.clock.now(log_us), entries_max)
        book.forgotten_us = max([book.forgotten_us, *(entry.order_time_us for entry in found)])
        self.watch(symbol)
        is_silent = log_us - book.clock.arrival_us > self._silence_us
        if is_silent and book.keep_until_us == inf and symbol not in self._open:
            del self._books[symbol]
            self.forgotten_us = max(self.forgotten_us, book.forgotten_us)
            self._forgotten += map(Forgotten, book.entries())
            return True
        return bool(found)

    def _forget_by_log(self, log_us: int, entries_max: int | None = None) -> None:
        found = self._forget(None, log_us, entries_max)
        self.forgotten_us = max([self.forgotten_us, *(entry.order_time_us for entry in found)])

    def _forget(
        self, symbol: str | None, now_us: int, entries_max: int | None
    ) -> list[ClosedOrder | RejectedDuplicate | RememberedCancel]:
        before_us = now_us - self._retention_us
        found = [
            *self._registry.forget(symbol, before_us, entries_max),
            *self._cancels.forget(symbol, before_us, entries_max),
        ]
        self._forgotten += map(Forgotten, found)
        return found
