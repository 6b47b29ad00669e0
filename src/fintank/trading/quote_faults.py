"""Which symbols are crossed, and which exchanges are silent, looked at once a second.

A look costs 1 to 2 us a symbol and nothing per quote.
"""

from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from fintank.trading.shard_state import ShardState

SYMBOLS_MAX = 500


class FaultySymbol(NamedTuple):
    """A symbol with quotes that are not traded on.

    crossed: exchanges are those whose quotes are left out, lasted_us is how long each look has found such
    quotes. silent: exchanges are too far behind the symbol's newest quote, the farthest first; lasted_us is
    how far that one is.
    """

    symbol: str
    exchanges: tuple[str, ...]
    lasted_us: int


class QuoteFaults:
    """Looks at a shard's symbols, SYMBOLS_MAX at a time, and each time also at up to as many crossed ones."""

    def __init__(self, state: ShardState) -> None:
        self._state = state
        self._round: list[str] = []
        self._since_us: dict[str, int] = {}
        self._crossed: dict[str, FaultySymbol] = {}
        self._silent: dict[str, FaultySymbol] = {}

    @property
    def crossed(self) -> Mapping[str, FaultySymbol]:
        """The crossed symbols, as they were last looked at."""
        return self._crossed

    @property
    def silent(self) -> Mapping[str, FaultySymbol]:
        """The symbols with silent exchanges, as they were last looked at."""
        return self._silent

    def look(self, log_us: int) -> list[str]:
        """Look at the next symbols at a log time, and return them; after the last come the first again."""
        books = self._state.books
        due = list(islice(self._crossed, SYMBOLS_MAX))
        if not self._round:
            self._round = list(books)
            due += (self._crossed.keys() | self._silent.keys()) - books.keys()
        looked = self._round[-SYMBOLS_MAX:]
        del self._round[-SYMBOLS_MAX:]
        for symbol in dict.fromkeys((*due, *looked)):
            self._look_at(symbol, log_us)
        return looked

    def _look_at(self, symbol: str, log_us: int) -> None:
        book = self._state.books.get(symbol)
        crossing = () if book is None else book.crossing(book.clock.now(log_us))
        silent = () if book is None else book.silent()
        if crossing:
            since_us = self._since_us.setdefault(symbol, log_us)
            names = tuple(quote.exchange for quote in crossing)
            self._crossed[symbol] = FaultySymbol(symbol, names, log_us - since_us)
        else:
            self._since_us.pop(symbol, None)
            self._crossed.pop(symbol, None)
        if book is not None and silent:
            names = tuple(quote.exchange for quote in silent)
            self._silent[symbol] = FaultySymbol(symbol, names, book.clock.tick_time_us - silent[0].time_us)
        else:
            self._silent.pop(symbol, None)
