"""The sessions of real calendars, at their holidays, early closes, breaks and changes of the clocks."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from fintank.adapters import calendars
from fintank.settings import PROJECT_ROOT
from fintank.trading.sessions import Session, Sessions


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def hours(name: str, day: str, days: int = 1) -> list[str]:
    """Return the edges of the sessions that open in these days, in UTC."""
    start_us = us(day)
    end_us = start_us + days * 86_400_000_000
    found = [edges for (edges,) in calendars.sessions(name).sessions if start_us <= edges[0] < end_us]
    return [
        " ".join(f"{datetime.fromtimestamp(edge / 1e6, UTC):%d %H:%M}" for edge in edges) for edges in found
    ]


def test_new_york_closes_early_after_thanksgiving_and_not_at_all_at_christmas() -> None:
    assert hours("XNYS", "2026-11-25") == ["25 14:30 25 21:00"]
    assert hours("XNYS", "2026-11-26") == []
    assert hours("XNYS", "2026-11-27") == ["27 14:30 27 18:00"]
    assert hours("XNYS", "2026-12-24", 4) == ["24 14:30 24 18:00"]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-03-06", ["06 14:30 06 21:00", "09 13:30 09 20:00"]),
        ("2026-10-30", ["30 13:30 30 20:00", "02 14:30 02 21:00"]),
    ],
)
def test_new_york_opens_at_its_own_time_when_the_clocks_change(day: str, found: list[str]) -> None:
    assert hours("XNYS", day, 4) == found


def test_tokyo_has_a_break() -> None:
    assert hours("XTKS", "2024-01-04") == ["04 00:00 04 02:30 04 03:30 04 06:00"]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-03-01", ["01 22:00 06 22:00"]),
        ("2026-03-08", ["08 21:00 13 21:00"]),
        ("2026-10-25", ["25 21:00 30 21:00"]),
        ("2026-11-01", ["01 22:00 06 22:00"]),
    ],
)
def test_forex_is_open_from_sunday_to_friday_at_five_in_new_york(day: str, found: list[str]) -> None:
    assert hours("forex", day, 7) == found


def test_sessions_are_known_for_two_decades_back_and_two_years_ahead() -> None:
    for name in ("XNYS", "forex"):
        first, *_ = calendars.sessions(name).sessions
        assert datetime.fromtimestamp(first.edges_us[0] / 1e6, UTC).year <= datetime.now(UTC).year - 20
        assert calendars.sessions(name).end_us > (datetime.now(UTC).timestamp() + 720 * 86_400) * 1e6


def test_an_unknown_calendar_is_an_error() -> None:
    for name in ("NYSE!", "xnys"):
        with pytest.raises(ValueError, match=name):
            calendars.sessions(name)


def test_the_end_of_a_table_is_told_before_it_comes() -> None:
    table = Sessions("XNYS", [Session((us("2026-12-24"), us("2026-12-25")))])
    told = calendars.known_until(table)
    assert told.startswith(
        "The sessions of the calendar XNYS are known until 2026-12-25: nothing trades on it "
    )


def test_no_bolt_imports_a_package_that_knows_calendars() -> None:
    names = [path.stem for path in (PROJECT_ROOT / "src" / "fintank" / "bolts").glob("[a-z]*.py")]
    imports = "; ".join(f"import fintank.bolts.{name}" for name in names)
    check = "import sys; sys.exit(any(name in sys.modules for name in ('pandas', 'exchange_calendars')))"
    subprocess.run([sys.executable, "-c", f"{imports}; {check}"], check=True)
