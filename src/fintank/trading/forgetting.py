"""Letting go what has been terminal for longer than the retention."""

from collections.abc import Mapping
from math import inf

from fintank.trading import journal
from fintank.trading.cancels import Cancels, RememberedCancel
from fintank.trading.journal import JournalRecord
from fintank.trading.order_registry import OrderRegistry
from fintank.trading.quote_book import QuoteBook
from fintank.trading.timers import Timers

TOMBSTONES_MAX = 1_000


class Forgetting:
    """Forgets the orders and cancels of a shard, each by its symbol's clock. Without a book it has none."""

    def __init__(
        self, known: OrderRegistry, cancels: Cancels, books: Mapping[str, QuoteBook], retention_us: int
    ) -> None:
        self._known = known
        self._cancels = cancels
        self._books = books
        self._retention_us = retention_us
        self._timers = Timers()
        self._slowest: str | None = None

    def set_timer(self, symbol: str) -> None:
        """Look at a symbol with a book again: what is known of it has changed, or its clock."""
        closed_us = min(self._known.oldest_us(symbol), self._cancels.oldest_us(symbol))
        self._timers.set(symbol, self._books[symbol].clock.when(closed_us + self._retention_us + 1))

    def forget(self, wall_us: int) -> tuple[list[JournalRecord], list[str]]:
        """Return the tombstones of what is forgotten now, TOMBSTONES_MAX at most, and the symbols by whose
        clocks it is too old: those clocks never fall behind the present time again, and are to be journaled
        with it. Were one lost, an order without its record could be accepted once more."""
        tombstones: list[JournalRecord] = []
        held: list[str] = []
        while len(tombstones) < TOMBSTONES_MAX and (symbol := self._timers.next_due(wall_us)) is not None:
            now_us = self._books[symbol].clock.now(wall_us)
            found = self._forget(symbol, now_us, TOMBSTONES_MAX - len(tombstones))
            if found:
                tombstones += found
                held.append(symbol)
            self.set_timer(symbol)
        cancels = self._forget_lists(wall_us, TOMBSTONES_MAX - len(tombstones))
        if cancels:
            tombstones += map(journal.cancel_tombstone, cancels)
            latest_us = cancels[-1].closed_us + self._retention_us
            held += [symbol for symbol, book in self._books.items() if book.clock.floor_us <= latest_us]
        for symbol in held:
            self._books[symbol].clock.hold(wall_us)
        return tombstones, held

    def _forget(self, symbol: str, now_us: int, tombstones_max: int) -> list[JournalRecord]:
        before_us = now_us - self._retention_us
        closed = self._known.forget(symbol, before_us, tombstones_max)
        cancels = self._cancels.forget(symbol, before_us, tombstones_max - len(closed))
        return [*(found.tombstone for found in closed), *map(journal.cancel_tombstone, cancels)]

    def _forget_lists(self, wall_us: int, cancels_max: int) -> list[RememberedCancel]:
        """Forget the cancels of lists that are too old by every clock.

        The clock that was the slowest when all were looked at is asked first: until it is far enough, no
        other has to be.
        """
        oldest_us = self._cancels.oldest_us(None)
        if oldest_us == inf or not self._books:
            return []
        too_old_us = oldest_us + self._retention_us
        if self._slowest is not None and self._books[self._slowest].clock.now(wall_us) <= too_old_us:
            return []
        self._slowest = min(self._books, key=lambda symbol: self._books[symbol].clock.now(wall_us))
        before_us = self._books[self._slowest].clock.now(wall_us) - self._retention_us
        return self._cancels.forget(None, before_us, cancels_max)
