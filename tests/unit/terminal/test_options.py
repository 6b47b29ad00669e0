import pytest

from fintank.errors import FintankError
from fintank.terminal.options import named_values, names_in, positive_number, span_us, whole_number


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("100,000", 100_000), ("1_000", 1000)])
def test_whole_numbers_may_be_grouped(text: str, number: int) -> None:
    assert whole_number("--count", text) == number


@pytest.mark.parametrize(
    "text", ["0", "-5", "1.5", "1,5", "1,00", "1,0000", ",5", "ten", "", "9999999999", "²"]
)
def test_an_invalid_whole_number_is_an_error(text: str) -> None:
    with pytest.raises(FintankError, match=r"^--count .*: must be a whole number from 1 to 1,000,000,000$"):
        whole_number("--count", text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e-9", "fast", ""])
def test_an_invalid_rate_or_speed_is_an_error(text: str) -> None:
    with pytest.raises(FintankError, match=r"^--speed .*: must be a number from 0.001 to 1,000,000"):
        positive_number("--speed", text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), ("1d", 86_400), ("90m", 5400)]
)
def test_a_span_is_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert span_us("--span", text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["0s", "1", "h", "1.5h", "-1h", "1 h", "1w", ""])
def test_an_invalid_span_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(FintankError, match="as in 30s, 15m, 1h or 1d"):
        span_us("--span", text)


def test_a_number_with_thousands_of_digits_is_an_error() -> None:
    with pytest.raises(FintankError, match=r"^--count 9+: must be a whole number"):
        whole_number("--count", "9" * 5_000)


def test_a_name_that_is_given_twice_is_an_error() -> None:
    assert named_values("--columns", "bid=A,ask=B", ("bid", "ask")) == {"bid": "A", "ask": "B"}
    with pytest.raises(FintankError, match=r"^--columns bid=A,bid=B: bid is named twice: "):
        named_values("--columns", "bid=A,bid=B", ("bid", "ask"))


def test_names_may_have_spaces_between_them() -> None:
    assert names_in("--symbol", "IVE, BRK B ,VTI") == {"IVE", "BRK B", "VTI"}
    for text in ("", "IVE,", ",", " "):
        with pytest.raises(FintankError, match=f"^--symbol {text}: must be names separated by commas"):
            names_in("--symbol", text)
