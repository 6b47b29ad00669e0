from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.clock import Clock, ClockState


def clock(time_us: int = 1000, log_us: int = 50) -> Clock:
    return Clock(ClockState(time_us, log_us, time_us))


def test_the_clock_is_the_latest_tick_plus_the_log_time_since_it_arrived() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.now(50) == 1000
    assert ticking.now(57) == 1007
    assert ticking.on_tick(2000, 60) == 2000
    assert ticking.now(61) == 2001


def test_an_older_tick_does_not_move_the_clock() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.on_tick(900, 55) == 1005
    assert ticking.state == ClockState(1000, 50, 1000)


def test_a_tick_that_comes_late_does_not_turn_the_clock_back() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.on_tick(1010, 100) == 1050
    assert ticking.tick_time_us == 1010
    assert ticking.now(110) == 1050  # 1010 + 10 is behind what it was
    assert ticking.now(141) == 1051


def test_held_time_is_kept_even_if_log_time_runs_back() -> None:
    ticking = clock(1000, log_us=50)
    ticking.hold(80)
    assert ticking.now(60) == 1030


def test_it_converts_a_time_to_the_log_time() -> None:
    ticking = clock(1000, log_us=50)
    assert (ticking.when(1001), ticking.when(1007), ticking.when(1000)) == (51, 57, -inf)
    ticking.hold(55)
    assert (ticking.when(1005), ticking.when(1006), ticking.when(inf)) == (-inf, 56, inf)
    assert [ticking.now(int(ticking.when(time_us))) for time_us in (1006, 1060)] == [1006, 1060]


def test_a_clock_made_of_another_ones_state_shows_the_same_time() -> None:
    ticking = clock(1000, log_us=50)
    ticking.on_tick(1010, 100)
    assert Clock(ticking.state).now(145) == ticking.now(145)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 100))))
def test_the_clock_never_runs_back(steps: list[tuple[int, int]]) -> None:
    log_us, shown_us = 50, 0
    ticking = clock(500, log_us)
    for time_us, step_us in steps:
        log_us += step_us
        before_us = ticking.now(log_us)
        assert shown_us <= before_us
        shown_us = ticking.on_tick(time_us, log_us)
        assert shown_us == ticking.now(log_us) == max(before_us, time_us if time_us > before_us else 0)


def test_a_tick_of_the_same_time_leaves_the_clock_as_it_is() -> None:
    clock = Clock(ClockState(tick_time_us=50, arrival_us=0, floor_us=0))
    assert clock.on_tick(50, log_us=10) == 60
    assert clock.now(log_us=15) == 65
