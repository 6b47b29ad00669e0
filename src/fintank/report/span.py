"""The span of time that a report covers."""

import re
import time
from collections.abc import Iterable
from typing import NamedTuple

from fintank.errors import FintankError
from fintank.terminal.options import moment_us, span_us
from fintank.wire.kafka.fields import LATEST_US

SECOND_NS = 1_000_000_000
INTERVALS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
INTERVALS_SHOWN_MAX = 800
"""Points per line; more can't be told apart on a screen."""
MARGIN_NS_MIN = 2 * SECOND_NS
_AGO = re.compile(r"[0-9]+[smhd]")


class Span(NamedTuple):
    """From since_ns to until_ns, nanoseconds since the epoch, both included."""

    since_ns: int
    until_ns: int

    @property
    def interval_s(self) -> int:
        """Seconds between the points of a line: the shortest interval that makes few enough points."""
        seconds = (self.until_ns - self.since_ns) / SECOND_NS
        return next((s for s in INTERVALS_S if seconds / s <= INTERVALS_SHOWN_MAX), INTERVALS_S[-1])

    def around(self, times_ns: Iterable[int]) -> "Span":
        """Return the part of this span with these times and a margin; all of it if none is inside."""
        times = [time_ns for time_ns in times_ns if self.since_ns <= time_ns <= self.until_ns]
        if not times:
            return self
        margin_ns = max((max(times) - min(times)) // 10, MARGIN_NS_MIN)
        return Span(max(min(times) - margin_ns, self.since_ns), min(max(times) + margin_ns, self.until_ns))


def parse_span(since: str, until: str, now_ns: int | None = None) -> Span:
    """Parse --since and --until: how long ago (15m, 1h, 2d), `now`, or a UTC time (2026-11-24T20:00)."""
    now = now_ns or time.time_ns()
    span = Span(_time_ns("--since", since, now), _time_ns("--until", until, now))
    if span.since_ns >= span.until_ns:
        end = until if until == "now" else f"--until {until}"
        raise FintankError(f"--since {since} is not before {end}")
    return span


def _time_ns(option: str, text: str, now_ns: int) -> int:
    """Return a time; one that no record can have, as 99999d ago, becomes the first or last that one can.

    To Kafka a time before 1970 is no time: -1 stands for the latest record.
    """
    return min(max(_any_time_ns(option, text, now_ns), 0), LATEST_US * 1_000)


def _any_time_ns(option: str, text: str, now_ns: int) -> int:
    if text == "now":
        return now_ns
    if _AGO.fullmatch(text):
        return now_ns - span_us(option, text) * 1000
    try:
        return moment_us(option, text) * 1000
    except FintankError:
        wanted = "such as 15m, 1h or 2d ago, now, or 2026-11-24T20:00 in UTC"
        raise FintankError(f"{option} {text}: must be a time, {wanted}") from None
