"""The Kafka offsets of a batch as text: runs of consecutive offsets, separated by one space.

A spout writes a run as `first,count,append_ms`, a bolt as `first,count`. Bolts pass the spout's runs on in
the field `appended`, so that the last one can measure latencies.
"""

from collections.abc import Iterable
from itertools import chain

from fintank.trading.partition_log import Run


def parse_runs(text: str) -> list[Run]:
    """Read the runs of a spout's tuple, none if it has no records; ValueError when the text is not of that
    form."""
    return [Run(*map(int, _parts(run, 3))) for run in text.split(" ")] if text else []


def record_count(text: str) -> int:
    """Count the records of a spout's tuple; ValueError as in `parse_runs`."""
    return sum(run.records for run in parse_runs(text))


def append_times_ms(text: str) -> dict[int, int]:
    """Return the append time of each record of a spout's tuple, by offset; ValueError as in `parse_runs`."""
    runs = parse_runs(text)
    return {offset: run.append_ms for run in runs for offset in range(run.first, run.first + run.records)}


def parse_offsets(text: str) -> list[int]:
    """Return every offset of a bolt's tuple; ValueError if the text has another form."""
    runs = [map(int, _parts(run, 2)) for run in text.split(" ")]
    return list(chain.from_iterable(range(first, first + records) for first, records in runs))


def runs_of(places: Iterable[tuple[int, int]]) -> list[Run]:
    """Return the runs of records, each given by its offset and append time, as a spout makes them."""
    runs: list[list[int]] = []
    for offset, append_ms in places:
        if runs and runs[-1][2] == append_ms and runs[-1][0] + runs[-1][1] == offset:
            runs[-1][1] += 1
        else:
            runs.append([offset, 1, append_ms])
    return [Run(*run) for run in runs]


def spout_text(runs: Iterable[Run]) -> str:
    """Write runs as a spout does."""
    return " ".join(f"{run.first},{run.records},{run.append_ms}" for run in runs)


def format_runs(runs: Iterable[tuple[int, int]]) -> str:
    """Write (first, records) pairs as text; adjacent runs become one."""
    merged: list[list[int]] = []
    for first, records in runs:
        if merged and first == sum(merged[-1]):
            merged[-1][1] += records
        else:
            merged.append([first, records])
    return " ".join(f"{first},{records}" for first, records in merged)


def _parts(run: str, expected: int) -> list[str]:
    parts = run.split(",")
    if len(parts) != expected:
        raise ValueError(f"offsets: expected a run of {expected} numbers, not {run[:60]!r}")
    return parts
