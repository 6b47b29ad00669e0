"""The metrics of a bolt under test."""

from typing import Any

from fintank.adapters.metrics import Metrics
from fintank.adapters.sinks import Refusal


def measured(bolt: type, metrics: Metrics) -> type:
    """Make a bolt write to these metrics."""

    def set_up(self: Any, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        super(bolt, self)._setup_component(storm_conf, context)
        self.metrics = metrics

    return type(bolt.__name__, (bolt,), {"_setup_component": set_up})


class RecordedMetrics:
    """Metrics with a fixed clock, and the points written."""

    def __init__(self, now: float = 1_438_539_940.0) -> None:
        self.now = now
        self.written: list[str] = []
        self.metrics = Metrics("bolt", 3, self._write, lambda: self.now)

    def _write(self, lines: str) -> list[Refusal]:
        self.written += lines.split("\n")
        return []

    def points(self) -> dict[str, dict[str, str]]:
        """Return the fields of each point written so far, by its series."""
        self.now += 1
        self.metrics.write()
        found = {}
        for line in self.written:
            series, fields, _ = line.split(" ")
            found[series] = dict(field.split("=") for field in fields.split(","))
        return found
