"""How the times of a CSV file are written: as numbers since the epoch, or as dates of a time zone."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from fintank.errors import FintankError
from fintank.trading.decimals import plain

_CLOCK = (
    r"(?P<hour>\d\d?):?(?P<minute>\d\d)(?::?(?P<second>[0-5]\d|60)(?:[.,]?(?P<fraction>\d{1,12}))?)?"
    r"(?: ?(?P<half>[AaPp][Mm]))? ?(?P<zone>Z|(?:GMT|UTC)?[+-]\d\d(?::?\d\d)?|GMT|UTC)?"
)
_DAY_FIRST = r"(?P<day>\d\d?){0}(?P<month>\d\d?){0}(?P<year>\d{{4}})"
_MONTH_FIRST = r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})"

UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}
"""The units of a number since the epoch, and their decimal places in a second."""
_DIGITS_MAX = {"seconds": 10, "milliseconds": 13, "microseconds": 16, "nanoseconds": 19}
"""Until the year 2286, and at most one fewer since 1990. So 20240501093000 is a date, not a number."""
_SECONDS_LIMIT = 1e11
_NUMBER = re.compile(r"(\d{1,20})(?:[.,](\d*))?")
_WITH_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]{0,20})?[eE]\+?[0-9]{1,2}")
_DATES = {
    "year first": re.compile(rf"(?P<year>\d{{4}})[-./](?P<month>\d\d?)[-./](?P<day>\d\d?)[T ]{_CLOCK}"),
    "year first, without separators": re.compile(
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)[T ]?{_CLOCK}"
    ),
    "day first": re.compile(rf"{_DAY_FIRST.format('[.-]')}[T ]{_CLOCK}"),
    "day/month/year": re.compile(rf"{_DAY_FIRST.format('/')}[T ]{_CLOCK}"),
    "month/day/year": re.compile(rf"{_MONTH_FIRST}[T ]{_CLOCK}"),
}
_DAY = re.compile(r"\d{4}([-./]?)\d\d?\1\d\d?|\d\d?([-./])\d\d?\2\d{4}")
_TIME_OF_DAY = re.compile(r"\d\d?:\d\d(?!\d).*|[0-2]\d[0-5]\d[0-5]\d(?:\d{3}){0,3}")
_MINUTES_KEPT_MAX = 65_536
DECIMALS_MAX = 6
"""Times are cut to microseconds."""

TimeReader = Callable[[str], str]
"""Turns the text of a time into seconds since the epoch, as decimal text; ValueError if it can't."""


class SkippedTimeError(ValueError):
    """A local time in an hour that its zone skipped, as in spring."""


class TimeForm(NamedTuple):
    """A way to write times: its name, and whether it depends on a time zone."""

    name: str
    is_local: bool
    read: TimeReader


def forms(zone: tzinfo) -> list[TimeForm]:
    """Return all forms that can be recognized; those that name no zone are read in this one."""
    numbers = [TimeForm(f"{unit} since the epoch", False, _number_reader(unit)) for unit in UNITS]
    dates = [TimeForm(name, True, _date_reader(pattern, zone)) for name, pattern in _DATES.items()]
    return numbers + dates


def given_form(pattern: str, zone: tzinfo) -> TimeForm:
    """Return the form of a pattern of Python's strptime; FintankError for one that would lose the zone."""
    if "%Z" in pattern.replace("%%", ""):
        raise FintankError(
            f"--time-format {pattern}: %Z is a name such as CET, which says no offset: write the name itself "
            "in place of %Z, and the zone in --time-zone"
        )

    def read(text: str) -> str:
        try:
            moment = datetime.strptime(text, pattern)
        except re.error:  # of a pattern that names something twice
            raise ValueError(text) from None
        return _seconds(moment if moment.tzinfo else _local(moment, zone))

    return TimeForm(pattern, True, read)


def recognized(texts: Iterable[str], zone: tzinfo) -> list[TimeForm]:
    """Return the forms in which most of these times can be read, all equally well; none if none can."""
    texts = list(texts)
    counts = [(sum(can_read(form, text) for text in texts), form) for form in forms(zone)]
    most = max(count for count, _ in counts)
    return [form for count, form in counts if count == most] if most else []


def can_read(form: TimeForm, text: str) -> bool:
    """Return whether a time is written in this form."""
    try:
        form.read(text)
    except (ValueError, OverflowError):
        return False
    return True


def with_point(text: str) -> str:
    """Return a number with a decimal point in place of a comma: commas never group the digits of a time."""
    return text.replace(",", ".")


def are_apart(day: str, time: str) -> bool:
    """Return whether these are a day and a time of day, as files have them in two columns."""
    return _DAY.fullmatch(day) is not None and _TIME_OF_DAY.fullmatch(time) is not None


def _number_reader(unit: str) -> TimeReader:
    places = UNITS[unit]
    if not places:
        return _seconds_since_the_epoch

    def read(text: str) -> str:
        if _WITH_EXPONENT.fullmatch(text):
            text = plain(Decimal(with_point(text)))
        match = _NUMBER.fullmatch(text)
        if match is None or not _DIGITS_MAX[unit] - 1 <= len(match[1]) <= _DIGITS_MAX[unit]:
            raise ValueError(text)
        whole, decimals = match[1], match[2] or ""
        return f"{whole[:-places]}.{(whole[-places:] + decimals)[:DECIMALS_MAX]}"

    return read


def _seconds_since_the_epoch(text: str) -> str:
    text = with_point(text)
    if not 0 <= float(text) < _SECONDS_LIMIT:
        raise ValueError(text)
    return text


def _date_reader(pattern: re.Pattern[str], zone: tzinfo) -> TimeReader:
    @lru_cache(_MINUTES_KEPT_MAX)
    def start_of(parts: tuple[str, ...]) -> int:
        *numbers, half, zone_name = parts
        year, month, day, hour, minute = map(int, numbers)
        if half:
            if not 1 <= hour <= 12:
                raise ValueError(f"{hour} {half}")
            hour = hour % 12 + (12 if half.upper() == "PM" else 0)
        moment, own_zone = datetime(year, month, day, hour, minute), _zone(zone_name)
        return int((moment.replace(tzinfo=own_zone) if own_zone else _local(moment, zone)).timestamp())

    def read(text: str) -> str:
        match = pattern.fullmatch(text)
        if match is None:
            raise ValueError(text)
        start = start_of(match.group("year", "month", "day", "hour", "minute", "half", "zone"))
        second, fraction = match.group("second", "fraction")
        return f"{start + int(second or 0)}.{(fraction or '0')[:DECIMALS_MAX]}"

    return read


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """Return a time in its zone; in an hour that occurs twice the first one."""
    found = moment.replace(tzinfo=zone)
    if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise SkippedTimeError(f"does not exist in {zone}, whose clocks skipped it")
    return found


def _zone(name: str | None) -> tzinfo | None:
    """Read the zone that a time names itself, as in Z, +02:00 or GMT+0200."""
    if name is None:
        return None
    digits = name.removeprefix("GMT").removeprefix("UTC").replace(":", "")
    if digits in ("", "Z"):
        return UTC
    sign = -1 if digits[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5] or 0)))


def _seconds(moment: datetime) -> str:
    since = moment - datetime.fromtimestamp(0, UTC)
    return f"{since.days * 86_400 + since.seconds}.{since.microseconds:06d}"
