"""The time of one symbol: that of its latest tick, plus the wall time since that tick arrived."""

from math import inf
from typing import NamedTuple


class ClockState(NamedTuple):
    """All that a clock is, in microseconds: the latest accepted tick's own time, the wall time when that
    tick arrived, and the time the clock never falls behind."""

    tick_time_us: int
    arrival_us: int
    floor_us: int


class Clock:
    """Never runs back, as long as the wall time that it is given does not."""

    __slots__ = ("arrival_us", "floor_us", "tick_time_us")

    def __init__(self, state: ClockState) -> None:
        self.tick_time_us, self.arrival_us, self.floor_us = state

    @property
    def state(self) -> ClockState:
        """What the clock must be made of to go on as it is."""
        return ClockState(self.tick_time_us, self.arrival_us, self.floor_us)

    def now(self, wall_us: int) -> int:
        """Return the symbol's time when it is wall_us on the wall."""
        now_us = self.tick_time_us + wall_us - self.arrival_us
        return now_us if now_us > self.floor_us else self.floor_us

    def when(self, time_us: float) -> float:
        """Return the wall time at which it is time_us, if no tick comes before; -inf if it is already."""
        return -inf if self.floor_us >= time_us else time_us - self.tick_time_us + self.arrival_us

    def on_tick(self, time_us: int, wall_us: int) -> int:
        """Take an accepted tick's time in; return the symbol's time with it."""
        now_us = self.now(wall_us)
        if time_us > self.tick_time_us:
            self.tick_time_us, self.arrival_us, self.floor_us = time_us, wall_us, now_us
        return time_us if time_us > now_us else now_us

    def hold(self, wall_us: int) -> None:
        """Never fall behind the present time again, whatever the wall says."""
        self.floor_us = self.now(wall_us)
