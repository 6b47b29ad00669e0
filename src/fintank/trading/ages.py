"""How old the open orders of a shard are, told every second without looking at all of them."""

from collections.abc import Sequence

from fintank.trading.shard import Shard

SYMBOLS_MAX = 1_000


class OpenAges:
    """Counts a shard's open orders by age, SYMBOLS_MAX symbols at a time.

    With more symbols than that, a count is that of the last round over all of them.
    """

    def __init__(self, shard: Shard, ages_us: Sequence[int]) -> None:
        self._shard = shard
        self._ages_us = ages_us
        self._round: list[str] = []
        self._counted = self._told = [0] * len(ages_us)

    def count(self, wall_us: int) -> list[int]:
        """Return for each age how many orders are at least so old."""
        if not self._round:
            self._round = self._shard.open_symbols()
            self._counted = [0] * len(self._ages_us)
        for symbol in self._round[-SYMBOLS_MAX:]:
            for index, age_us in enumerate(self._ages_us):
                self._counted[index] += self._shard.open_of_age(symbol, age_us, wall_us)
        del self._round[-SYMBOLS_MAX:]
        if not self._round:
            self._told = self._counted
        return self._told
