"""The collar: how far from the reference price MARKET orders and triggered stops trade, and stops trigger."""

from collections.abc import Sequence
from decimal import Decimal

from fintank.trading.decimals import EXACT, plain
from fintank.trading.depth import Level


class Collar:
    """The prices that are at most a fraction `width` of the reference away from it; none without one.

    With a reference they are those from `lowest` to `highest`.
    """

    __slots__ = ("highest", "lowest", "reference", "width")

    def __init__(self, reference: Decimal | None, width: Decimal) -> None:
        self.reference = reference
        self.width = width
        if reference is not None:
            margin = EXACT.multiply(reference.copy_abs(), width)
            self.lowest, self.highest = EXACT.subtract(reference, margin), EXACT.add(reference, margin)

    def allows(self, price: Decimal) -> bool:
        """Whether a price is within the collar."""
        return self.reference is not None and self.lowest <= price <= self.highest

    def breach(self, price: Decimal) -> dict[str, str]:
        """Return the numbers of a price beyond the collar of a reference."""
        assert self.reference is not None
        numbers = {"price": price, "reference": self.reference, "market_collar": self.width}
        return {name: plain(value) for name, value in numbers.items()}

    def within(self, levels: Sequence[Level]) -> list[Level]:
        """Return the levels up to the first beyond the collar."""
        found: list[Level] = []
        for level in levels:
            if not self.allows(level.price):
                break
            found.append(level)
        return found
