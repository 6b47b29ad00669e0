from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fintank.trading.decimals import EXACT, average, is_bounded, is_whole_cents, lots_down, lots_up, plain

cash = st.integers(1, 10**14).map(lambda cents: Decimal(cents).scaleb(-2))
price = st.floats(1e-9, 1e12).map(lambda value: Decimal(repr(value)))
lot_size = st.sampled_from([Decimal("0.000001"), Decimal("0.01"), Decimal(1), Decimal(100)])


def test_products_longer_than_28_digits_are_exact() -> None:
    factor = Decimal("12345678901234567890.123456789")
    assert EXACT.multiply(factor, factor) == Decimal(12345678901234567890123456789**2).scaleb(-18, EXACT)


@settings(max_examples=200, deadline=None)
@given(cash, price, lot_size)
def test_lots_down_is_the_most_that_the_cash_pays(money: Decimal, px: Decimal, lot: Decimal) -> None:
    quantity = lots_down(money, px, lot)
    assert EXACT.remainder(quantity, lot) == 0
    assert EXACT.multiply(quantity, px) <= money < EXACT.multiply(EXACT.add(quantity, lot), px)


@settings(max_examples=200, deadline=None)
@given(cash, price, lot_size)
def test_lots_up_is_the_least_that_raises_the_cash(money: Decimal, px: Decimal, lot: Decimal) -> None:
    quantity = lots_up(money, px, lot)
    assert EXACT.remainder(quantity, lot) == 0
    assert EXACT.multiply(EXACT.subtract(quantity, lot), px) < money <= EXACT.multiply(quantity, px)


def test_a_quantity_that_needs_no_rounding_is_not_rounded_either_way() -> None:
    assert lots_down(Decimal("100"), Decimal("25"), Decimal("0.5")) == Decimal(4)
    assert lots_up(Decimal("100"), Decimal("25"), Decimal("0.5")) == Decimal(4)


def test_absurd_prices_still_give_exact_quantities() -> None:
    assert lots_down(Decimal(1000), Decimal("1e-300"), Decimal("0.000001")) == Decimal("1e303")
    assert lots_down(Decimal(1000), Decimal("1e300"), Decimal("0.000001")) == 0
    assert lots_up(Decimal(1000), Decimal("1e300"), Decimal("0.000001")) == Decimal("0.000001")


@pytest.mark.parametrize(
    ("money", "quantity", "expected"),
    [
        ("2", "3", "0.666666666667"),
        ("10", "4", "2.5"),
        ("0.000000000001", "2", "0"),  # half of the last decimal goes to the even one
        ("0.000000000003", "2", "0.000000000002"),
    ],
)
def test_the_average_has_twelve_decimals_rounded_half_even(money: str, quantity: str, expected: str) -> None:
    assert average(Decimal(money), Decimal(quantity)) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.50", "10.5"),
        ("10.00", "10"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("-0.10", "-0.1"),
        ("0.00", "0"),
        ("1" * 40 + ".25", "1" * 40 + ".25"),
    ],
)
def test_plain_text_has_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("value", ["0", "-5", "999999999999999999.99", "1e-30"])
def test_ordinary_numbers_are_bounded(value: str) -> None:
    assert is_bounded(Decimal(value))


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e18", "-1e18", "1e999999", "1e-31"]
)
def test_what_is_no_number_or_too_long_is_not_bounded(value: str) -> None:
    assert not is_bounded(Decimal(value))


def test_decimals_count_by_value() -> None:
    assert is_bounded(Decimal("10." + "0" * 90))
    assert is_bounded(Decimal("0e-90"))
    assert is_bounded(Decimal("0." + "0" * 29 + "10"))
    assert not is_bounded(Decimal("10." + "0" * 90 + "1"))


@pytest.mark.parametrize("zero", ["0", "-0", "-0.00", "0e5", "-0e-40", "0e100"])
def test_zero_is_written_one_way(zero: str) -> None:
    assert plain(Decimal(zero)) == "0"


def test_a_fraction_of_a_cent_is_noticed() -> None:
    assert is_whole_cents(Decimal("100.010"))
    assert not is_whole_cents(Decimal("100.001"))
    assert not is_whole_cents(Decimal("-100.001"))


@settings(max_examples=200, deadline=None)
@given(cash, price)
def test_the_average_is_the_closest_number_of_twelve_decimals(money: Decimal, quantity: Decimal) -> None:
    expected = round(Fraction(money) / Fraction(quantity) * 10**12)
    assert Fraction(average(money, quantity)) == Fraction(expected, 10**12)


@pytest.mark.parametrize(("cash", "rounded"), [("3", "2"), ("5", "2"), ("7", "4"), ("9", "4")])
def test_an_average_in_the_middle_goes_to_the_even_number(cash: str, rounded: str) -> None:
    assert average(Decimal(f"{cash}E-12"), Decimal(2)) == Decimal(f"{rounded}E-12")
