"""A symbol's clock: the time of its latest tick plus the log time since that tick arrived."""

from math import inf
from typing import NamedTuple


class ClockState(NamedTuple):
    """A clock, in microseconds: the latest tick's own time, the log time of its arrival, and the time that
    the clock never falls behind."""

    tick_time_us: int
    arrival_us: int
    floor_us: int


class Clock:
    """Never runs back unless the log time does."""

    __slots__ = ("arrival_us", "floor_us", "tick_time_us")

    def __init__(self, state: ClockState) -> None:
        self.tick_time_us, self.arrival_us, self.floor_us = state

    @property
    def state(self) -> ClockState:
        """What restores the clock."""
        return ClockState(self.tick_time_us, self.arrival_us, self.floor_us)

    def now(self, log_us: int) -> int:
        """Return the symbol's time at a log time."""
        now_us = self.tick_time_us + log_us - self.arrival_us
        return now_us if now_us > self.floor_us else self.floor_us

    def when(self, time_us: float) -> float:
        """Return the log time at which it will be time_us, if no tick comes; -inf if it already is."""
        return -inf if self.floor_us >= time_us else time_us - self.tick_time_us + self.arrival_us

    def on_tick(self, time_us: int, log_us: int) -> int:
        """Take in an accepted tick's time; return the symbol's time after it."""
        now_us = self.now(log_us)
        if time_us > self.tick_time_us:
            self.tick_time_us, self.arrival_us, self.floor_us = time_us, log_us, now_us
        return time_us if time_us > now_us else now_us

    def hold(self, log_us: int) -> None:
        """Never fall behind the present time again, whatever the log time."""
        self.floor_us = self.now(log_us)
