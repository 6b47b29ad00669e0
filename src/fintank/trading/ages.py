"""How old the open orders of a shard are, counted every second without a look at all of them."""

from collections.abc import Sequence

from fintank.trading.shard_state import ShardState

SYMBOLS_MAX = 1_000


class OpenAges:
    """Counts a shard's open orders by age, SYMBOLS_MAX symbols at a time.

    With more symbols than that, a count is that of the last round over all of them.
    """

    def __init__(self, state: ShardState, ages_us: Sequence[int]) -> None:
        self._state = state
        self._ages_us = ages_us
        self._round: list[str] = []
        self._counted = self._reported = [0] * len(ages_us)

    def count(self, log_us: int) -> list[int]:
        """Return, for each age, how many orders are at least that old."""
        if not self._round:
            self._round = list(self._state.open)
            self._counted = [0] * len(self._ages_us)
        for symbol in self._round[-SYMBOLS_MAX:]:
            for index, count in enumerate(self._count(symbol, log_us)):
                self._counted[index] += count
        del self._round[-SYMBOLS_MAX:]
        if not self._round:
            self._reported = self._counted
        return self._reported

    def _count(self, symbol: str, log_us: int) -> list[int]:
        """Count by the symbol's clock; by log time if it has none."""
        orders, book = self._state.open.get(symbol), self._state.books.get(symbol)
        if orders is None:
            return []
        now_us = log_us if book is None else book.clock.now(log_us)
        return [orders.given_by(now_us - age_us) for age_us in self._ages_us]
