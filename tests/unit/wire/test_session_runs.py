from fintank.trading.sessions import Session
from fintank.wire.session_runs import runs, sessions

DAY, HOUR = 86_400, 3_600


def session(start: int, *after: int) -> Session:
    return Session(tuple(second * 1_000_000 for second in (start, *(start + more for more in after))))


def test_equal_sessions_at_equal_distances_are_one_run() -> None:
    week = [session(day * DAY, 6 * HOUR) for day in (0, 1, 2, 3, 4, 7, 8)]
    written = runs(week)
    assert written == [[0, DAY, 5, 6 * HOUR], [7 * DAY, DAY, 2, 6 * HOUR]]
    assert list(sessions(written)) == week


def test_early_closes_and_breaks_are_runs_of_their_own() -> None:
    odd = [session(0, 6 * HOUR), session(DAY, 3 * HOUR), session(2 * DAY, HOUR, 2 * HOUR, 6 * HOUR)]
    assert list(sessions(runs(odd))) == odd
    assert len(runs(odd)) == 3


def test_no_sessions_are_no_runs() -> None:
    assert runs([]) == []
    assert list(sessions([])) == []
