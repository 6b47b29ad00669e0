"""invoke reconcile: check the topics and the sink against each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from json import dumps

from rich.table import Table

from fintank.commands import command
from fintank.errors import FintankError
from fintank.reconciliation.comparison import compare
from fintank.reconciliation.findings import BreakKind, Result
from fintank.settings import Settings
from fintank.terminal.screen import console, table
from fintank.terminal.texts import counted

SHOWN_OF_A_KIND_MAX = 20
TABLE_CHARS_MIN = 110
COUNTS = ("compared", "pending", "beyond_retention", "rejected", "collisions", "breaks")
"""The counts of a Result."""


@command(help={"json": "print one JSON object, with every break"})
def reconcile(settings: Settings, json: bool = False) -> None:
    """Prove from the topics and the sink that all was done exactly once.

    Example: invoke reconcile --json
    """
    results, lag = compare(settings)
    if json:
        print(dumps(summary(settings, results, lag)))
    else:
        show(results, lag)
    breaks = sum(result.breaks for result in results)
    if breaks:
        raise FintankError(f"{counted(breaks, 'break')}: docs/reconcile.md explains them")


def summary(settings: Settings, results: Sequence[Result], lag: Mapping[str, int]) -> dict[str, object]:
    """Return the object of `--json`."""
    return {
        "kafka": settings.kafka,
        "sink": str(settings.sink),
        "clean": not any(result.breaks for result in results),
        "lag": dict(lag),
        "checks": [
            {"what": result.what, **{name: getattr(result, name) for name in COUNTS}} for result in results
        ],
        "breaks": [found._asdict() for result in results for found in result.named],
    }


def lines(results: Sequence[Result]) -> list[str]:
    """Return a line for each of the first breaks of each kind, and the number of the others."""
    kinds: Counter[BreakKind] = Counter()
    for result in results:
        kinds += result.kinds
    shown = []
    for kind, count in kinds.items():
        shown.append(f"{kind}: {count:,}")
        named = (found for result in results for found in result.named if found.kind is kind)
        shown += [f"  {found.id}: {found.detail}" for found in islice(named, SHOWN_OF_A_KIND_MAX)]
        if count > SHOWN_OF_A_KIND_MAX:
            shown.append(f"  and {count - SHOWN_OF_A_KIND_MAX:,} more: `invoke reconcile --json` lists them")
    return shown


def show(results: Sequence[Result], lag: Mapping[str, int]) -> None:
    """Print a table of the checks, and the breaks."""
    behind = ", ".join(f"{topic} {count:,}" for topic, count in lag.items() if count)
    if behind:
        print(f"The topology is behind: {behind}. What it has not processed yet is pending, not a break.")
    console(TABLE_CHARS_MIN).print(_table(results))
    for line in lines(results):
        print(line)
    if not any(result.breaks for result in results):
        is_all = not any(result.pending for result in results)
        print("Clean: no break." if is_all else "No break. What is pending can't be judged yet.")


def _table(results: Sequence[Result]) -> Table:
    numbers = [name.replace("_", " ") for name in COUNTS]
    made = table("what", *numbers, numbers=numbers)
    made.columns[0].no_wrap = True
    for result in results:
        made.add_row(result.what, *(f"{getattr(result, name):,}" for name in COUNTS))
    return made
