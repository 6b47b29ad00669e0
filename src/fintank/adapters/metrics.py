"""A bolt's metrics, on their way to the measurement `pipeline`.

Counting takes a microsecond and never fails; a separate thread writes the points every few seconds. During an
outage of the sink the points wait, and the oldest are dropped if there are too many: no tuple ever waits or
fails because of them.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from fintank.adapters.sinks import Refusal, SinkUnavailableError
from fintank.wire.points.pipeline_points import Window, lines

WRITE_SECONDS = 5.0
LINES_WAITING_MAX = 2_000

Write = Callable[[str], list[Refusal]]


class Metrics:
    """The metrics of one task of a component, second by second."""

    def __init__(
        self, component: str, task: int, write: Write, clock: Callable[[], float] = time.time
    ) -> None:
        """`write` writes lines (see Sink.write), `clock` returns the time in seconds."""
        self._component = component
        self._task = task
        self._write = write
        self._clock = clock
        self._windows: dict[int, Window] = {}
        self._waiting: deque[str] = deque(maxlen=LINES_WAITING_MAX)
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start writing every WRITE_SECONDS, until the process ends."""
        threading.Thread(target=self._write_on, name="metrics", daemon=True).start()

    def add(self, **counts: int) -> None:
        """Add to counters."""
        with self._lock:
            window = self._window()
            for name, count in counts.items():
                window.counts[name] += count

    def reject(self, reason: str) -> None:
        """Count a rejected record."""
        with self._lock:
            self._window().rejects[reason] += 1

    def level(self, **values: int) -> None:
        """Set gauges."""
        with self._lock:
            self._window().levels.update(values)

    def since(self, appended: Iterable[tuple[int, int]]) -> None:
        """Measure the latency since records were appended to Kafka: (append_ms, number of records)."""
        with self._lock:
            now_ms = int(self._clock() * 1000)
            self._window().latencies += [(now_ms - append_ms, records) for append_ms, records in appended]

    @property
    def second(self) -> int:
        """The present second since the epoch."""
        return int(self._clock())

    def pass_on(self, points: str) -> None:
        """Add finished points, as lines."""
        with self._lock:
            self._waiting.extend(points.split("\n"))

    def write(self) -> None:
        """Write the seconds that are over; keep them during an outage of the sink."""
        with self._lock:
            this_second = self.second
            for second in sorted(self._windows):
                if second < this_second:
                    window = self._windows.pop(second)
                    self._waiting.extend(lines(self._component, self._task, second, window))
            sent = list(self._waiting)
            self._waiting.clear()
        try:
            if sent:
                self._write("\n".join(sent))
        except SinkUnavailableError:
            with self._lock:
                self._waiting = deque([*sent, *self._waiting], LINES_WAITING_MAX)

    def _window(self) -> Window:
        second = self.second
        window = self._windows.get(second)
        if window is None:
            window = self._windows[second] = Window()
        return window

    def _write_on(self) -> None:
        while True:
            time.sleep(WRITE_SECONDS)
            self.write()
