"""Kafka offsets of a batch as text: runs of consecutive offsets, separated by one space.

A spout writes `first,count,append_ms` a run, a bolt `first,count`; and it passes on the spout's, as the field
`appended`, so that it can be told how long a record took.
"""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple


class Run(NamedTuple):
    """So many `records` with consecutive offsets from `first`, appended to Kafka at `append_ms`."""

    first: int
    records: int
    append_ms: int


def parse_runs(text: str) -> list[Run]:
    """Read the runs of a spout's tuple; ValueError when the text is not of that form."""
    return [Run(*map(int, _parts(run, 3))) for run in text.split(" ")]


def record_count(text: str) -> int:
    """Return how many records a spout's tuple has; ValueError when the text is not of that form."""
    return sum(run.records for run in parse_runs(text))


def append_times_ms(text: str) -> dict[int, int]:
    """Return when each record of a spout's tuple came into Kafka, by its offset; ValueError as above."""
    runs = parse_runs(text)
    return {offset: run.append_ms for run in runs for offset in range(run.first, run.first + run.records)}


def parse_offsets(text: str) -> list[int]:
    """Every offset of a bolt's tuple; ValueError when the text is not of that form."""
    runs = [map(int, _parts(run, 2)) for run in text.split(" ")]
    return list(chain.from_iterable(range(first, first + records) for first, records in runs))


def format_runs(runs: Iterable[tuple[int, int]]) -> str:
    """Write (first, records) pairs as text, runs that follow on each other as one."""
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
        raise ValueError(f"offsets: a run of {expected} numbers was expected, not {run[:60]!r}")
    return parts
