"""Sessions as runs: a year of equal sessions is some sixty short lists, not 250 pairs of moments.

A run is [first, every, count, edge, ...]: `count` sessions, the first opening at `first`, the next ones
`every` seconds apart; the edges are those after the opening, counted from it. All are whole seconds.
"""

from collections.abc import Iterable, Iterator, Sequence

from fintank.trading.limits import SECOND_US
from fintank.trading.sessions import Session


def runs(sessions: Iterable[Session]) -> list[list[int]]:
    """Write sessions, the earliest first."""
    found: list[list[int]] = []
    for session in sessions:
        first, *edges = (edge_us // SECOND_US for edge_us in session.edges_us)
        after = [edge - first for edge in edges]
        last = found[-1] if found else None
        if last is not None and last[3:] == after:
            start, every, count = last[:3]
            if count == 1 or first == start + every * count:
                last[1:3] = [first - start if count == 1 else every, count + 1]
                continue
        found.append([first, 0, 1, *after])
    return found


def sessions(written: Sequence[Sequence[int]]) -> Iterator[Session]:
    """Read what `runs` wrote."""
    for first, every, count, *after in written:
        for number in range(count):
            start = first + every * number
            yield Session(tuple(SECOND_US * edge for edge in (start, *(start + more for more in after))))
