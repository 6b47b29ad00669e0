from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fintank.trading.timers import Timers


def due(timers: Timers, log_us: float) -> list[str]:
    found = []
    while (timer := timers.pop(log_us)) is not None:
        found.append(timer[1])
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


def test_timers_run_by_time_and_then_by_symbol() -> None:
    timers = Timers()
    for time_us, symbol in ((5, "B"), (5, "A"), (4, "C")):
        timers.set(symbol, time_us)
    assert [timers.pop(9) for _ in range(4)] == [(4, "C"), (5, "A"), (5, "B"), None]


def test_replaced_times_are_thrown_away() -> None:
    timers = Timers()
    sizes = []
    timers.set("VTI", 99)
    timers.set("IWS", 99)
    for time_us in (9, 9, 8, 7, 6, 5, 5, 4, 3):
        timers.set("IVE", time_us)
        sizes.append(len(timers._heap))
    assert sizes == [3, 3, 4, 5, 6, 3, 3, 4, 5]
    assert (due(timers, 2), due(timers, 3), due(timers, 99)) == ([], ["IVE"], ["IWS", "VTI"])
    assert timers._heap == []


SETS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), max_size=20)


@given(st.lists(st.tuples(SETS, st.integers(0, 9)), max_size=9))
def test_it_is_due_as_if_all_times_were_compared(
    rounds: list[tuple[list[tuple[str, int]], int]],
) -> None:
    timers = Timers()
    held: dict[str, int] = {}
    for sets, log_us in rounds:
        for symbol, time_us in sets:
            timers.set(symbol, time_us)
            held[symbol] = min(held.get(symbol, 99), time_us)
        expected = sorted((time_us, symbol) for symbol, time_us in held.items() if time_us <= log_us)
        assert due(timers, log_us) == [symbol for _, symbol in expected]
        for _, symbol in expected:
            del held[symbol]


def test_at_the_last_time_only_the_symbols_up_to_the_last_one_are_due() -> None:
    timers = Timers()
    for time_us, symbol in ((5, "A"), (5, "B"), (5, "C"), (4, "D")):
        timers.set(symbol, time_us)
    assert [timers.pop(5, "B") for _ in range(4)] == [(4, "D"), (5, "A"), (5, "B"), None]
    assert [timers.pop(5) for _ in range(2)] == [(5, "C"), None]
