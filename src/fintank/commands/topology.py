"""invoke topology: a topology on a Storm cluster."""

import time
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from json import dumps
from typing import Any

from rich.table import Table

from fintank.adapters import nimbus
from fintank.commands import command
from fintank.settings import TOPOLOGY, Settings
from fintank.terminal.screen import console, table

TABLE_CHARS_MIN = 140


@command(help={"name": f"the topology; default: {TOPOLOGY}", "json": "print one JSON object"})
def topology(settings: Settings, name: str = TOPOLOGY, json: bool = False) -> None:
    """Show a topology's components, tasks, workers, counts and latency.

    Example: invoke topology --json
    """
    found = nimbus.topology(settings.nimbus, name)
    rows = components(found.executors)
    if json:
        print(dumps(as_json(found, rows)))
        return
    screen = console(TABLE_CHARS_MIN)
    screen.print(
        f"{found.name}: {found.status}, up {found.uptime_s} s, {found.workers} workers, "
        f"{len(found.executors)} of {found.executors_wanted} executors on a worker"
    )
    screen.print(_table(rows))
    for error in found.errors:
        when = datetime.fromtimestamp(error.time_s).isoformat(sep=" ")
        screen.print(f"{error.component} on {error.worker} at {when}: {error.text}", style="red")


def components(executors: Iterable[nimbus.Executor]) -> list[dict[str, Any]]:
    """Sum the executors of each component; latency_ms is their mean, weighted by their acks."""
    rows: list[dict[str, Any]] = []
    for name, group in groupby(sorted(executors, key=lambda one: one.component), lambda one: one.component):
        found = list(group)
        acked = {number: one.acked for number, one in enumerate(found)}
        latencies_ms = {number: one.latency_ms or 0.0 for number, one in enumerate(found)}
        rows.append(
            {
                "component": name,
                "tasks": [one.tasks for one in found],
                "workers": sorted({one.worker for one in found}),
                "uptime_s": min(one.uptime_s for one in found),
                "emitted": sum(one.emitted for one in found),
                "acked": sum(acked.values()),
                "failed": sum(one.failed for one in found),
                "latency_ms": nimbus.mean_latency(acked, latencies_ms),
            }
        )
    return rows


def as_json(found: nimbus.Topology, rows: list[dict[str, Any]]) -> dict[str, object]:
    """Return the object of `--json`."""
    return {
        "name": found.name,
        "id": found.storm_id,
        "status": found.status,
        "uptime_s": found.uptime_s,
        "workers": found.workers,
        "executors": len(found.executors),
        "executors_wanted": found.executors_wanted,
        "components": rows,
        "errors": [vars(error) for error in found.errors],
        "asked_at_s": round(time.time()),
    }


def _table(rows: Iterable[dict[str, Any]]) -> Table:
    numbers = ("up s", "emitted", "acked", "failed", "latency ms")
    made = table("component", "tasks", "workers", *numbers, numbers=numbers)
    for row in rows:
        counts = (f"{row[name]:,}" for name in ("uptime_s", "emitted", "acked", "failed"))
        latency = "" if row["latency_ms"] is None else f"{row['latency_ms']:,.1f}"
        tasks, workers = ", ".join(row["tasks"]), ", ".join(row["workers"])
        made.add_row(row["component"], tasks, workers, *counts, latency)
    return made
