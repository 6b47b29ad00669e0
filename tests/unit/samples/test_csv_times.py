"""The times in CSV files of quotes."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from support.csv_reading import HOUR_US, MAY_FIRST_2014_US, read, time_us

from fintank.errors import FintankError
from fintank.samples.csv_forms import GivenForm
from fintank.samples.csv_text import BadLine
from fintank.trading.messages import Quote


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("1398902400", MAY_FIRST_2014_US),
        ("1398902400292", MAY_FIRST_2014_US + 292_000),
        ("1398902400292.5", MAY_FIRST_2014_US + 292_500),
        ("1398902400,292", MAY_FIRST_2014_US + 292_000),
        ("1398902400292,5", MAY_FIRST_2014_US + 292_500),
        ("1,398902400292e12", MAY_FIRST_2014_US + 292_000),
        ("1.398902400292e12", MAY_FIRST_2014_US + 292_000),
        ("1.398902400292123E+18", MAY_FIRST_2014_US + 292_123),
        ("1398902400292123", MAY_FIRST_2014_US + 292_123),
        ("1398902400292123999", MAY_FIRST_2014_US + 292_123),
        ("2014-05-01T00:00:00Z", MAY_FIRST_2014_US),
        ("2014-05-01T02:00:00.5+02:00", MAY_FIRST_2014_US + 500_000),
        ("2014-05-01 00:00:00.123456789", MAY_FIRST_2014_US + 123_456),
        ("2014-05-01 00:00", MAY_FIRST_2014_US),
        ("2014.05.01 00:00:00,25", MAY_FIRST_2014_US + 250_000),
        ("2014/05/01 00:00:00", MAY_FIRST_2014_US),
        ("20140501 00:00:00.1", MAY_FIRST_2014_US + 100_000),
        ("20140501 000000100", MAY_FIRST_2014_US + 100_000),
        ("01.05.2014 03:00:00.000 GMT+0300", MAY_FIRST_2014_US),
        ("13/05/2014 00:00:00", MAY_FIRST_2014_US + 12 * 24 * HOUR_US),
        ("05/13/2014 00:00:00", MAY_FIRST_2014_US + 12 * 24 * HOUR_US),
        ("05/13/2014 12:00:00.5 AM", MAY_FIRST_2014_US + 12 * 24 * HOUR_US + 500_000),
        ("2014-05-01 1:30 pm", MAY_FIRST_2014_US + 27 * HOUR_US // 2),
        ("20140501000000", MAY_FIRST_2014_US),
        ("20140501000000250", MAY_FIRST_2014_US + 250_000),
    ],
)
def test_times_are_numbers_in_any_unit_or_dates(text: str, expected_us: int) -> None:
    assert time_us(text) == expected_us


def test_a_date_that_names_no_zone_is_in_the_given_one_summer_and_winter() -> None:
    berlin = GivenForm(zone=ZoneInfo("Europe/Berlin"))
    assert time_us("2014-05-01 02:00:00", berlin) == MAY_FIRST_2014_US
    assert time_us("2014-01-15 01:00:00", berlin) == 1_389_744_000_000_000
    assert time_us("2014-05-01 00:00:00Z", berlin) == MAY_FIRST_2014_US


def test_a_time_that_the_clocks_skipped_is_a_bad_line() -> None:
    rows = "".join(f"2014-03-30 {time}:00,I,N,1,2\n" for time in ("01:59", "02:30", "03:00"))
    reason = "timestamp '2014-03-30 02:30:00' does not exist in Europe/Berlin, whose clocks skipped it"
    for time_format in (None, "%Y-%m-%d %H:%M:%S"):
        given = GivenForm(zone=ZoneInfo("Europe/Berlin"), time_format=time_format)
        _, (before, bad, after) = read(f"time,symbol,exchange,bid,ask\n{rows}", given=given)
        assert (type(before), bad, type(after)) == (Quote, BadLine(3, reason), Quote)


def test_a_format_that_can_not_be_is_that_of_no_line() -> None:
    given = GivenForm(time_format="%Y %Y")
    _, (line,) = read("time,symbol,exchange,bid,ask\n2014 2014,I,N,1,2\n", given=given)
    assert line == BadLine(2, "timestamp '2014 2014' is not %Y %Y")


def test_a_date_with_two_meanings_is_asked_about_and_a_format_decides() -> None:
    with pytest.raises(FintankError, match=r"'05/03/2014 00:00:00' has more than one .*--time-format"):
        time_us("05/03/2014 00:00:00")
    given = GivenForm(time_format="%m/%d/%Y %H:%M:%S", zone=UTC)
    assert time_us("05/01/2014 00:00:00", given) == MAY_FIRST_2014_US


def test_the_time_that_most_lines_have_is_that_of_the_file() -> None:
    good = "2014-05-01 00:00:00,IVE,NYSE,94,95\n"
    _, found = read(f"time,symbol,exchange,bid,ask\n{good * 3}1398902400,IVE,NYSE,94,95\n")
    assert found[3] == BadLine(5, "timestamp '1398902400' is not year first")


def test_dates_that_are_unclear_in_any_line_are_not_guessed() -> None:
    text = "time,symbol,exchange,bid,ask\n05/05/2014 00:00,I,N,1,2\n06/05/2014 00:00,I,N,1,2\n"
    with pytest.raises(FintankError, match="'06/05/2014 00:00' has more than one meaning"):
        read(text)


@pytest.mark.parametrize(
    "times",
    [
        ("2014-05-01 00:00:00", "1398902400", "01.05.2014 00:00:00", "1398902400123"),
        ("0001-01-01 00:00+23:59", "1398902400", "yesterday"),
    ],
)
def test_a_file_of_mixed_times_has_bad_lines_but_is_read(times: tuple[str, ...]) -> None:
    rows = "".join(f"{time},IVE,NYSE,94,95\n" for time in times)
    _, found = read(f"time,symbol,exchange,bid,ask\n{rows}")
    assert [type(line) for line in found].count(Quote) == 1


@pytest.mark.parametrize(
    "time", ["yesterday", "13 May 2014 09:30", "2014-05-01", "2014-05-01 13:00 PM", "9" * 500]
)
def test_a_time_of_an_unknown_form_is_one_line_with_its_cure(time: str) -> None:
    with pytest.raises(
        FintankError, match="can't be read: say how it is written, as in --time-format"
    ) as found:
        time_us(time)
    assert len(str(found.value)) < 250


def test_a_time_of_two_meanings_ends_the_reading_wherever_it_comes_first() -> None:
    new_year = "01/01/2024 00:00:00,I,N,1,2\n" * 300
    header = "time,symbol,exchange,bid,ask\n"
    assert len(read(header + new_year)[1]) == 300
    with pytest.raises(
        FintankError, match=r"^quotes.csv: a time such as '01/02/2024 00:00:00' has more than"
    ):
        read(f"{header}{new_year}01/02/2024 00:00:00,I,N,1,2\n")


def test_a_number_is_no_date_of_another_century() -> None:
    assert time_us("1712051230456") == 1_712_051_230_456_000


def test_a_date_that_might_be_a_number_is_said_to_be_a_date() -> None:
    text = "timestamp,symbol,exchange,bid,ask\n201405010000,I,N,1,2\n"
    assert read(text)[0] == "times: year first, without separators in UTC"
    assert time_us("201405010000") == MAY_FIRST_2014_US


def test_a_pattern_with_the_name_of_a_zone_is_refused() -> None:
    text = "time,symbol,exchange,bid,ask\n2014-05-01 02:00 %Z,I,N,1,2\n"
    with pytest.raises(FintankError, match=r"^--time-format %F %R %Z: %Z is a name such as CET"):
        read(text, given=GivenForm(time_format="%F %R %Z"))
    given = GivenForm(zone=ZoneInfo("Europe/Berlin"), time_format="%Y-%m-%d %H:%M %%Z")
    assert [line.time_us for line in read(text, given=given)[1] if isinstance(line, Quote)] == [
        MAY_FIRST_2014_US
    ]
