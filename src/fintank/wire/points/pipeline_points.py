"""Metrics of the topology's components: points of the measurement `pipeline`.

    pipeline,component=tick-influxdb-loader,task=9 records=20000i,latency_p50_ms=31i 1438539936000000000

Each task of a component writes one point per second about that second, and one more per reject reason.
docs/pipeline.md explains every field.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fintank.wire.points.line_protocol import point

MEASUREMENT = "pipeline"
PERCENTILES = (50, 95, 99)
NS_A_SECOND = 1_000_000_000


@dataclass
class Window:
    """One second of a component's work; latencies are (milliseconds, number of records)."""

    counts: Counter[str] = field(default_factory=Counter)
    levels: dict[str, int] = field(default_factory=dict)
    rejects: Counter[str] = field(default_factory=Counter)
    latencies: list[tuple[int, int]] = field(default_factory=list)


def lines(component: str, task: int, second: int, window: Window) -> Iterator[str]:
    """Write one second (since the epoch) of a component's task."""
    tags = {"component": component, "task": str(task)}
    fields = {**window.counts, "rejects": window.rejects.total(), **window.levels}
    yield point(MEASUREMENT, tags, {**fields, **_spread(window.latencies)}, second * NS_A_SECOND)
    for reason, count in window.rejects.items():
        yield point(
            MEASUREMENT,
            {"component": component, "reason": reason, "task": str(task)},
            {"rejected": count},
            second * NS_A_SECOND,
        )


def percentile(weighted: Iterable[tuple[int, int]], percent: int) -> int:
    """Return the smallest value that `percent` of the records do not exceed (nearest rank).

    `weighted` are (value, records), sorted, with at least one record.
    """
    weighted = list(weighted)
    rank = -(-percent * sum(records for _, records in weighted) // 100)
    seen = 0
    for value, records in weighted:
        seen += records
        if seen >= rank:
            return value
    raise ValueError("no records")


def _spread(latencies: list[tuple[int, int]]) -> dict[str, int]:
    if not latencies:
        return {}
    weighted = sorted(latencies)
    return {f"latency_p{percent}_ms": percentile(weighted, percent) for percent in PERCENTILES}
