"""Forgetting the orders and cancels that have been closed for longer than the retention."""

from collections.abc import Mapping
from math import inf

from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.changes import Forgotten
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.quote_book import QuoteBook
from fintank.trading.timers import Timers

FORGOTTEN_MAX = 1_000


class Forgetting:
    """Forgets a symbol's closed orders and cancels by that symbol's clock; without a book it has none."""

    def __init__(
        self, registry: OrderRegistry, cancels: Cancels, books: Mapping[str, QuoteBook], retention_us: int
    ) -> None:
        self._registry = registry
        self._cancels = cancels
        self._books = books
        self._retention_us = retention_us
        self._timers = Timers()
        self._slowest: str | None = None

    def set_timer(self, symbol: str) -> None:
        """Look at a symbol with a book again: its orders, its cancels or its clock changed."""
        closed_us = min(self._registry.oldest_us(symbol), self._cancels.oldest_us(symbol))
        self._timers.set(symbol, self._books[symbol].clock.when(closed_us + self._retention_us + 1))

    def forget(self, log_us: int) -> list[Forgotten]:
        """Forget FORGOTTEN_MAX entries at most; return them."""
        forgotten: list[Forgotten] = []
        while len(forgotten) < FORGOTTEN_MAX and (due := self._timers.pop(log_us)) is not None:
            symbol = due[1]
            now_us = self._books[symbol].clock.now(log_us)
            forgotten += self._forget(symbol, now_us, FORGOTTEN_MAX - len(forgotten))
            self.set_timer(symbol)
        return forgotten + list(map(Forgotten, self._forget_lists(log_us, FORGOTTEN_MAX - len(forgotten))))

    def _forget(self, symbol: str, now_us: int, forgotten_max: int) -> list[Forgotten]:
        before_us = now_us - self._retention_us
        closed = self._registry.forget(symbol, before_us, forgotten_max)
        cancels = self._cancels.forget(symbol, before_us, forgotten_max - len(closed))
        return list(map(Forgotten, (*closed, *cancels)))

    def _forget_lists(self, log_us: int, cancels_max: int) -> list[RememberedCancel]:
        """Forget the list cancels that are too old by every clock.

        The clock that was slowest last time is read first: all others are ahead of it, so until it has come
        far enough they need not be read.
        """
        oldest_us = self._cancels.oldest_us(None)
        if oldest_us == inf or not self._books:
            return []
        too_old_us = oldest_us + self._retention_us
        if self._slowest is not None and self._books[self._slowest].clock.now(log_us) <= too_old_us:
            return []
        self._slowest = min(self._books, key=lambda symbol: self._books[symbol].clock.now(log_us))
        before_us = self._books[self._slowest].clock.now(log_us) - self._retention_us
        return self._cancels.forget(None, before_us, cancels_max)
