from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.timers import STALE_MAX, Timers


def due(timers: Timers, wall_us: float) -> list[str]:
    found = []
    while (symbol := timers.next_due(wall_us)) is not None:
        found.append(symbol)
    return found


def test_a_symbol_is_due_once_when_its_time_has_come() -> None:
    timers = Timers()
    timers.set("IVE", 5)
    timers.set("VTI", 4)
    timers.set("IWS", -inf)
    timers.set("never", inf)
    assert (due(timers, 3), due(timers, 5), due(timers, 10**18)) == (["IWS"], ["VTI", "IVE"], [])


def test_of_several_times_of_a_symbol_the_earliest_counts() -> None:
    timers = Timers()
    for time_us in (5, 7, 3, 3, 4):
        timers.set("IVE", time_us)
    assert (due(timers, 2), due(timers, 3), due(timers, 9)) == ([], ["IVE"], [])
    timers.set("IVE", 8)
    assert (due(timers, 7), due(timers, 8)) == ([], ["IVE"])


def test_times_that_count_no_more_are_thrown_away() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set("IVE", 10_000 - number)
        timers.set("VTI", 20_000)
        assert len(timers._heap) <= 4 + STALE_MAX
    assert (due(timers, 0), due(timers, 1), due(timers, 20_000)) == ([], ["IVE"], ["VTI"])


SETS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), max_size=20)


@given(st.lists(st.tuples(SETS, st.integers(0, 9)), max_size=9))
def test_it_tells_what_a_look_at_all_times_would_tell(
    rounds: list[tuple[list[tuple[str, int]], int]],
) -> None:
    timers = Timers()
    held: dict[str, int] = {}
    for sets, wall_us in rounds:
        for symbol, time_us in sets:
            timers.set(symbol, time_us)
            held[symbol] = min(held.get(symbol, 99), time_us)
        expected = sorted((time_us, symbol) for symbol, time_us in held.items() if time_us <= wall_us)
        assert due(timers, wall_us) == [symbol for _, symbol in expected]
        for _, symbol in expected:
            del held[symbol]
