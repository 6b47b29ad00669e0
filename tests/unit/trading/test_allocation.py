from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.allocation import allocate

LOT = Decimal(1)


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("wants", "offer", "shares"),
    [
        (["3", "4"], "7", ["3", "4"]),  # enough for all
        (["3", "4"], "9", ["3", "4"]),
        (["2.5", "0.5"], "3", ["2.5", "0.5"]),  # also of parts of a lot
        (["5", "5"], "4", ["2", "2"]),
        (["2", "6"], "4", ["1", "3"]),
        (["10", "20", "70"], "10", ["1", "2", "7"]),
        (["5", "5"], "5", ["3", "2"]),  # equal remainders: the earlier order
        (["1", "5"], "3", ["1", "2"]),  # shares of 0.5 and 2.5: equal remainders
        (["2", "5"], "3", ["1", "2"]),  # shares of 0.86 and 2.14: the larger remainder
        (["5", "2"], "3", ["2", "1"]),
        (["5", "5", "5"], "2", ["1", "1", "0"]),
        (["5", "5", "5"], "4.9", ["2", "1", "1"]),  # 0.9 stays on the quote
        (["5", "5"], "0.9", ["0", "0"]),
        (["0.4", "0.4", "0.4", "9"], "4", ["0", "0", "0", "4"]),  # who wants no whole lot is passed over
        (["0.4"] * 10, "2", ["0"] * 10),
        (["1.5", "1.5"], "2.5", ["1", "1"]),
        ([], "5", []),
    ],
)
def test_an_offer_is_divided_by_what_is_wanted(wants: list[str], offer: str, shares: list[str]) -> None:
    assert allocate(decimals(*wants), Decimal(offer), LOT) == decimals(*shares)


def test_the_lot_may_be_small_or_large() -> None:
    assert allocate(decimals("1", "2"), Decimal(1), Decimal("0.01")) == decimals("0.33", "0.67")
    assert allocate(decimals("300", "500"), Decimal(500), Decimal(100)) == decimals("200", "300")
    assert allocate(decimals("1", "2"), Decimal(2), Decimal("0.5")) == decimals("0.5", "1.5")


quantities = st.decimals(Decimal("0.1"), Decimal(100), places=1)


@given(st.lists(quantities, min_size=1, max_size=8), quantities)
def test_no_order_gets_more_than_it_wants_and_no_more_is_taken_than_offered(
    wants: list[Decimal], offer: Decimal
) -> None:
    shares = allocate(wants, offer, LOT)
    assert sum(shares) <= offer
    assert all(0 <= share <= want for share, want in zip(shares, wants, strict=True))
    if sum(wants) > offer:
        exact = [offer * want / sum(wants) for want in wants]
        assert all(share % LOT == 0 for share in shares)
        assert all(abs(share - part) <= LOT for share, part in zip(shares, exact, strict=True))
