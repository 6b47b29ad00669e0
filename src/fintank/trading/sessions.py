"""Sessions: when a calendar's market is open, as a table of moments. Nothing here knows holidays or zones."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from math import inf
from typing import NamedTuple


class Session(NamedTuple):
    """One session: its edges in microseconds, openings and closings in turn, as a break closes it, too."""

    edges_us: tuple[int, ...]


class Sessions:
    """A calendar's sessions in order; before the first and after the last it is closed.

    An opening belongs to its session, a closing does not.
    """

    __slots__ = ("_closes_us", "_edges_us", "name")

    def __init__(self, name: str, sessions: Iterable[Session]) -> None:
        """Take sessions that do not overlap, the earliest first; ValueError for others."""
        self.name = name
        found = list(sessions)
        self._edges_us = [edge_us for session in found for edge_us in session.edges_us]
        self._closes_us = [session.edges_us[-1] for session in found]
        if len(self._edges_us) % 2 or self._edges_us != sorted(self._edges_us):
            raise ValueError(f"calendar {name}: its sessions are not in order")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sessions) and (self.name, self._edges_us, self._closes_us) == (
            other.name,
            other._edges_us,
            other._closes_us,
        )

    def __hash__(self) -> int:
        return hash(self.name)

    def is_open(self, time_us: int) -> bool:
        """Whether orders trade at a time."""
        return bisect_right(self._edges_us, time_us) % 2 == 1

    def next_change_us(self, time_us: int) -> float:
        """Return when it next opens or closes after a time; inf at the end of the table."""
        index = bisect_right(self._edges_us, time_us)
        return self._edges_us[index] if index < len(self._edges_us) else inf

    def next_open_us(self, time_us: int) -> int | None:
        """Return when it opens next after a time; None at the end of the table."""
        index = bisect_right(self._edges_us, time_us)
        index += index % 2
        return self._edges_us[index] if index < len(self._edges_us) else None

    def close_us(self, time_us: int) -> int | None:
        """Return the close of the session at a time, or of the next one; None at the end of the table."""
        index = bisect_right(self._closes_us, time_us)
        return self._closes_us[index] if index < len(self._closes_us) else None

    @property
    def sessions(self) -> Iterator[Session]:
        """The sessions, in order."""
        start = 0
        for close_us in self._closes_us:
            end = self._edges_us.index(close_us, start) + 1
            yield Session(tuple(self._edges_us[start:end]))
            start = end

    @property
    def end_us(self) -> int:
        """The last close that the table has; 0 if it is empty."""
        return self._closes_us[-1] if self._closes_us else 0
