"""The reference price and its one candidate."""

from decimal import Decimal
from math import inf

import pytest

from fintank.trading.collar import Collar
from fintank.trading.reference_price import ReferencePrice, ReferenceState, middle_of

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("bid", "ask", "middle"),
    [
        ("93", "95", "94"),
        ("95", "105", "100"),
        ("94.99", "105", None),
        ("-105", "-95", "-100"),
        ("-1", "1", None),
        (None, "1", None),
        ("93.000000000000000000000000000001", "94", "93.5000000000000000000000000000005"),
    ],
)
def test_a_middle_is_exact_and_none_if_the_nbbo_is_too_wide(
    bid: str | None, ask: str, middle: str | None
) -> None:
    found = middle_of(None if bid is None else Decimal(bid), Decimal(ask))
    assert found == (None if middle is None else Decimal(middle))


def test_the_first_middle_counts_at_once_and_the_next_when_it_is_a_second_old() -> None:
    price = ReferencePrice()
    price.offer(None, 0)
    assert (price.state, price.due_us) == (ReferenceState(None, None, None), inf)
    price.offer(Decimal(100), 0)
    price.offer(Decimal(100), 5)
    assert (price.state, price.due_us) == (ReferenceState(Decimal(100), None, None), inf)
    price.offer(Decimal(101), 7)
    price.offer(Decimal(102), 8)
    assert (price.state, price.due_us) == (ReferenceState(Decimal(100), Decimal(101), 7), 7 + SECOND)
    price.advance(6 + SECOND, lambda _: Decimal(102))
    assert price.state.price == 100
    price.advance(7 + SECOND, lambda _: Decimal(102))
    assert price.state == ReferenceState(Decimal(101), Decimal(102), 7 + SECOND)
    price.advance(7 + 9 * SECOND, lambda _: Decimal(102))
    assert price.state == ReferenceState(Decimal(102), None, None)


def test_of_one_moment_the_last_middle_is_the_candidate_also_where_the_clock_was_set_back() -> None:
    price = ReferencePrice(ReferenceState(Decimal(100), Decimal(101), 60 * SECOND))
    price.offer_again(Decimal(102), 60 * SECOND)
    assert price.state == ReferenceState(Decimal(100), Decimal(102), 60 * SECOND)
    price.offer_again(None, 10 * SECOND)
    assert (price.state.candidate, price.due_us) == (102, 11 * SECOND)
    price.offer_again(Decimal("100.0"), 10 * SECOND)
    assert (price.state, price.due_us) == (ReferenceState(Decimal(100), None, None), inf)


def test_a_collar_is_as_wide_on_both_sides_whatever_the_sign() -> None:
    for reference, ends in ((100, (90, 110)), (-100, (-110, -90))):
        collar = Collar(Decimal(reference), Decimal("0.1"))
        step = Decimal("0.01")
        assert [collar.allows(end + change) for end in ends for change in (-step, 0, step)] == [
            *(False, True, True),
            *(True, True, False),
        ]
    assert not Collar(None, Decimal("0.1")).allows(Decimal(100))
