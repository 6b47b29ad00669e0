"""The sessions of calendars, for a command or a start of the topology; never in a bolt.

exchange_calendars and pandas are imported only if a calendar of theirs is asked for: that takes a second.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from fintank.trading.limits import SECOND_US
from fintank.trading.sessions import Session, Sessions
from fintank.waiting import now_us

FOREX = "forex"
"""From Sunday 17:00 to Friday 17:00 in New York, without holidays."""
YEARS_BACK = 20
"""How far back sessions are known, for recorded quotes."""
DAYS_AHEAD = 2 * 365
"""How far ahead: exchanges announce their holidays about that early."""

_NEW_YORK = ZoneInfo("America/New_York")
_FIVE_PM = time(17)


@cache
def sessions(name: str) -> Sessions:
    """Return a calendar's sessions, from YEARS_BACK to DAYS_AHEAD of today; ValueError if there is none."""
    today = datetime.fromtimestamp(now_us() / SECOND_US, UTC).date()
    first, last = today - timedelta(days=366 * YEARS_BACK), today + timedelta(days=DAYS_AHEAD)
    found = _forex(first, last) if name == FOREX else _exchange(name, first, last)
    return Sessions(name, found)


def known_until(found: Sessions) -> str:
    """Return a line that says how long a calendar's sessions are known, and what follows."""
    last = datetime.fromtimestamp(found.end_us / SECOND_US, UTC)
    return (
        f"The sessions of the calendar {found.name} are known until {last:%Y-%m-%d}: nothing trades "
        "on it afterwards, so restart the topology before then"
    )


def _forex(first: date, last: date) -> Iterator[Session]:
    sunday = first + timedelta(days=6 - first.weekday())
    while sunday <= last:
        week = sunday, sunday + timedelta(days=5)
        yield Session(tuple(_us(datetime.combine(day, _FIVE_PM, _NEW_YORK)) for day in week))
        sunday += timedelta(days=7)


def _exchange(name: str, first: date, last: date) -> Iterator[Session]:
    import exchange_calendars

    if name not in exchange_calendars.get_calendar_names():
        raise ValueError(name)
    kind: Any = type(exchange_calendars.get_calendar(name))
    earliest, latest = kind.bound_min(), kind.bound_max()
    start = first if earliest is None else max(first, earliest.date())
    end = last if latest is None else min(last, latest.date())
    schedule = exchange_calendars.get_calendar(name, start=start.isoformat(), end=end.isoformat()).schedule
    for _, row in schedule[["open", "break_start", "break_end", "close"]].iterrows():
        yield Session(tuple(_us(moment) for moment in row.dropna()))


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND_US
