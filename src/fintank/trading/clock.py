"""A symbol's clock: the time of its latest tick plus the log time since that tick arrived."""

from typing import NamedTuple


class ClockState(NamedTuple):
    """A clock, in microseconds: the latest tick's own time, and the log time of its arrival."""

    tick_time_us: int
    arrival_us: int


class Clock:
    """Runs on with log time; a tick that comes late sets it back."""

    __slots__ = ("arrival_us", "tick_time_us")

    def __init__(self, state: ClockState) -> None:
        self.tick_time_us, self.arrival_us = state

    @property
    def state(self) -> ClockState:
        """What restores the clock."""
        return ClockState(self.tick_time_us, self.arrival_us)

    def now(self, log_us: int) -> int:
        """Return the symbol's time at a log time."""
        return self.tick_time_us + log_us - self.arrival_us

    def when(self, time_us: float) -> float:
        """Return the log time at which it is time_us, if no other tick comes."""
        return time_us - self.tick_time_us + self.arrival_us

    def on_tick(self, time_us: int, log_us: int) -> int:
        """Take in an accepted tick's time; return the symbol's time after it."""
        if time_us >= self.tick_time_us:
            self.tick_time_us, self.arrival_us = time_us, log_us
            return time_us
        return self.tick_time_us + log_us - self.arrival_us
