"""Allocation: how a quote is divided among the orders of a block."""

from collections.abc import Sequence
from decimal import Decimal

from fintank.trading.decimals import EXACT, ZERO


def allocate(wants: Sequence[Decimal], offer: Decimal, lot_size: Decimal) -> list[Decimal]:
    """Divide an offer among orders by what each wants; the wants are in order of arrival.

    Each gets what it wants if the offer is enough. Otherwise shares are in proportion to the wants, rounded
    down to whole lots. Then the largest remainders, among equals the earlier order, get one more lot each
    while a whole lot is left; an order that wants less than that is passed over.
    """
    total = _sum(wants)
    if offer >= total:
        return list(wants)
    divisor = EXACT.multiply(total, lot_size)
    parts = [EXACT.divmod(EXACT.multiply(offer, want), divisor) for want in wants]
    shares = [EXACT.multiply(lots, lot_size) for lots, _ in parts]
    left = EXACT.subtract(offer, _sum(shares))
    for index in sorted(range(len(parts)), key=lambda index: (parts[index][1].copy_negate(), index)):
        if left < lot_size:
            break
        more = EXACT.add(shares[index], lot_size)
        if more <= wants[index]:
            shares[index] = more
            left = EXACT.subtract(left, lot_size)
    return shares


def _sum(quantities: Sequence[Decimal]) -> Decimal:
    total = ZERO
    for quantity in quantities:
        total = EXACT.add(total, quantity)
    return total
