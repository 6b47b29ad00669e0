from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.clock import Clock, ClockState


def clock(time_us: int = 1000, log_us: int = 50) -> Clock:
    return Clock(ClockState(time_us, log_us))


def test_the_clock_is_the_latest_tick_plus_the_log_time_since_it_arrived() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.now(50) == 1000
    assert ticking.now(57) == 1007
    assert ticking.on_tick(2000, 60) == 2000
    assert ticking.now(61) == 2001


def test_an_older_tick_does_not_move_the_clock() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.on_tick(900, 55) == 1005
    assert ticking.state == ClockState(1000, 50)


def test_a_tick_that_comes_late_sets_the_clock_back() -> None:
    ticking = clock(1000, log_us=50)
    assert ticking.on_tick(1010, 100) == 1010
    assert ticking.now(110) == 1020


def test_it_converts_a_time_to_the_log_time() -> None:
    ticking = clock(1000, log_us=50)
    assert [ticking.when(time_us) for time_us in (1001, 1007, 1000, inf)] == [51, 57, 50, inf]
    assert [ticking.now(int(ticking.when(time_us))) for time_us in (1006, 1060)] == [1006, 1060]


def test_a_clock_made_of_another_ones_state_shows_the_same_time() -> None:
    ticking = clock(1000, log_us=50)
    ticking.on_tick(1010, 100)
    assert Clock(ticking.state).now(145) == ticking.now(145)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 100))))
def test_it_is_the_latest_tick_of_the_greatest_time_plus_the_log_time_since(
    steps: list[tuple[int, int]],
) -> None:
    log_us = 50
    ticking = clock(500, log_us)
    seen = [(500, log_us)]
    for time_us, step_us in steps:
        log_us += step_us
        seen.append((time_us, log_us))
        latest_us, arrival_us = max(seen)
        assert ticking.on_tick(time_us, log_us) == latest_us + log_us - arrival_us == ticking.now(log_us)


def test_of_equal_times_the_later_tick_is_the_latest() -> None:
    ticking = Clock(ClockState(tick_time_us=50, arrival_us=0))
    assert ticking.on_tick(50, log_us=10) == 50
    assert ticking.now(log_us=15) == 55
