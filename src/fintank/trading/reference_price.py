"""A symbol's reference price: what its NBBO was lately, against stub quotes and prices far from the market.

It is the middle of an NBBO that is no wider than a tenth of its middle. The first such NBBO counts at once.
After that one at a time is the candidate, and becomes the reference when it is a second old. Of the ticks of
one moment the last makes it.
"""

from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import NamedTuple

from fintank.trading.decimals import EXACT
from fintank.trading.limits import SECOND_US

_HALF = Decimal("0.5")
_WIDTH_MAX = Decimal("0.1")


class ReferenceState(NamedTuple):
    """The reference, and the candidate with the time, by the symbol's clock, since when it is one."""

    price: Decimal | None
    candidate: Decimal | None
    since_us: int | None


class ReferencePrice:
    """Changes with the symbol's clock; middles are None where the NBBO has none."""

    __slots__ = ("due_us", "state")

    def __init__(self, state: ReferenceState | None = None) -> None:
        self.due_us = inf
        """When the candidate becomes the reference; inf without one."""
        self._set(ReferenceState(None, None, None) if state is None else state)

    def advance(self, now_us: int, middle_at: Callable[[int], Decimal | None]) -> None:
        """Let time pass up to now_us, with no quote in between; middle_at returns the middle at a time."""
        while self.due_us <= now_us:
            at_us = int(self.due_us)
            self._set(ReferenceState(self.state.candidate, None, None))
            self.offer(middle_at(at_us), at_us)

    def offer(self, middle: Decimal | None, now_us: int) -> None:
        """Take in the middle at a time, if there is no candidate."""
        if middle is None or self.state.candidate is not None or middle == self.state.price:
            return
        if self.state.price is None:
            self._set(ReferenceState(middle, None, None))
        else:
            self._set(ReferenceState(self.state.price, middle, now_us))

    def offer_again(self, middle: Decimal | None, now_us: int) -> None:
        """Take in the middle at the candidate's moment, or at one before it, as the clock was set back.

        It takes the candidate's place: of several ticks of one moment the last one counts.
        """
        candidate = self.state.candidate if middle is None else middle
        is_new = candidate != self.state.price
        self._set(ReferenceState(self.state.price, *((candidate, now_us) if is_new else (None, None))))

    def _set(self, state: ReferenceState) -> None:
        self.state = state
        self.due_us = inf if state.since_us is None else state.since_us + SECOND_US


def middle_of(bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """Return the exact middle of a bid and an ask; None if one is missing, or they are too far apart."""
    if bid is None or ask is None:
        return None
    middle = EXACT.multiply(EXACT.add(bid, ask), _HALF)
    width_max = EXACT.multiply(middle.copy_abs(), _WIDTH_MAX)
    return middle if EXACT.subtract(ask, bid) <= width_max else None
