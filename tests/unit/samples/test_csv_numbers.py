"""The decimal marks of the numbers in CSV files of quotes."""

import pytest
from support.csv_reading import only, read

from fintank.errors import FintankError
from fintank.samples.csv_text import BadLine
from fintank.trading.messages import Quote

HEADER = "timestamp;symbol;exchange;bid;ask;bid_size;ask_size\n"


def rows(*numbers: str) -> str:
    return HEADER + "".join(f"1398902400;IVE;NYSE;{of_row}\n" for of_row in numbers)


@pytest.mark.parametrize("numbers", ["94.123;94.125;1,200;3,400", "-1,094;1,095;12.000;1"])
def test_marks_that_may_both_be_decimal_are_asked_about(numbers: str) -> None:
    with pytest.raises(FintankError, match=r"^quotes.csv: numbers such as .* have more than one meaning: "):
        read(rows(numbers))


@pytest.mark.parametrize(
    ("numbers", "bid", "size"),
    [
        ("94,5;95,5;1.200;2.400", "94.5", "1200"),
        ("1,094;1,095;1.200.000;2.400.000", "1.094", "1200000"),
        ("1.094,125;1.095,125;1.200;2.400", "1094.125", "1200"),
        ("0,125;0,126;1.200;2.400", "0.125", "1200"),
    ],
)
def test_one_clear_number_shows_what_the_marks_of_all_others_mean(numbers: str, bid: str, size: str) -> None:
    quote = only(rows(numbers))
    assert (quote.bid, quote.bid_size) == (bid, size)


def test_a_decimal_comma_may_have_an_exponent() -> None:
    quote = only(rows("8,05E-06;8,06e-6;1,5E+07;3E3"))
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == ("8.05E-06", "8.06e-6", "1.5E+07", "3E3")


@pytest.mark.parametrize("point", ["0.123;0.124", "1.234e+3;1.235e+3"])
def test_a_point_that_separates_no_thousands_is_decimal(point: str) -> None:
    first, second = read(rows(f"{point};1;1", f"{point};1,5;1"))[1]
    assert isinstance(first, Quote)
    assert (first.bid, first.ask) == tuple(point.split(";"))
    assert isinstance(second, BadLine)


def test_a_decimal_point_after_decimal_commas_ends_the_reading() -> None:
    found = rows(*["94,5;95,5;1;1"] * 300)
    assert len(read(found)[1]) == 300
    with pytest.raises(
        FintankError, match=r"^quotes.csv: 94.5 has a decimal point, and other numbers have decimal commas"
    ):
        read(f"{found}1398902400;IVE;NYSE;94.5;95.125;1;1\n")
