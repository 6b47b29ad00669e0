from math import inf

import pytest

from fintank.trading.sessions import Session, Sessions

XTKS = Sessions("XTKS", [Session((100, 150, 200, 250)), Session((300, 400)), Session((400, 500))])


@pytest.mark.parametrize(
    ("time_us", "is_open", "change_us", "open_us", "close_us"),
    [
        (0, False, 100, 100, 250),
        (99, False, 100, 100, 250),
        (100, True, 150, 200, 250),
        (149, True, 150, 200, 250),
        (150, False, 200, 200, 250),
        (200, True, 250, 300, 250),
        (249, True, 250, 300, 250),
        (250, False, 300, 300, 400),
        (399, True, 400, 400, 400),
        (400, True, 500, None, 500),
        (499, True, 500, None, 500),
        (500, False, inf, None, None),
    ],
)
def test_a_calendar_knows_whether_it_is_open_and_what_comes_next(
    time_us: int, is_open: bool, change_us: float, open_us: int | None, close_us: int | None
) -> None:
    assert XTKS.is_open(time_us) is is_open
    assert XTKS.next_change_us(time_us) == change_us
    assert XTKS.next_open_us(time_us) == open_us
    assert XTKS.close_us(time_us) == close_us


def test_it_gives_its_sessions_back() -> None:
    assert list(XTKS.sessions) == [Session((100, 150, 200, 250)), Session((300, 400)), Session((400, 500))]
    assert Sessions("XTKS", XTKS.sessions) == XTKS
    assert Sessions("XNYS", XTKS.sessions) != XTKS
    assert Sessions("XNYS", XTKS.sessions) != Sessions("XASX", XTKS.sessions)
    assert (XTKS.end_us, Sessions("none", []).end_us) == (500, 0)


def test_a_calendar_without_sessions_is_closed() -> None:
    nothing = Sessions("none", [])
    assert (nothing.is_open(5), nothing.next_change_us(5), nothing.close_us(5)) == (False, inf, None)


def test_the_table_of_a_year_has_an_end() -> None:
    year = Sessions("year", (Session((day, day + 6)) for day in range(0, 3000, 10)))
    assert (year.next_change_us(2996), year.next_open_us(2996), year.close_us(2996)) == (inf, None, None)


@pytest.mark.parametrize("edges", [[(100, 90)], [(100, 200), (150, 300)], [(100,)]])
def test_sessions_out_of_order_are_refused(edges: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="calendar X: its sessions are not in order"):
        Sessions("X", map(Session, edges))
