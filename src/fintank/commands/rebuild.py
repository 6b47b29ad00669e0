"""invoke rebuild: fill an empty or lost database from the topics."""

from fintank.commands import command
from fintank.errors import FintankError
from fintank.reconciliation import rebuilding
from fintank.report.span import parse_span
from fintank.settings import Settings
from fintank.terminal.texts import counted


@command(
    help={"since": "only records since then, by Kafka's time: 15m, 1h, 2d ago, or 2026-11-24T20:00 (UTC)"}
)
def rebuild(settings: Settings, since: str | None = None) -> None:
    """Write the points of all records in the topics again.

    Example: invoke rebuild --since 2d
    """
    since_ms = parse_span(since, "now").since_ns // 1_000_000 if since else None
    refused = list[rebuilding.Rebuilt]()
    for done in rebuilding.rebuild(settings, since_ms, print):
        print(f"{done.topic}: {counted(done.points, 'point')} into {settings.sink.shown}")
        refused += [done] if done.refused else []
    if refused:
        named = "; ".join(f"{counted(one.refused, 'point')} of {one.topic}: {one.reason}" for one in refused)
        raise FintankError(f"{settings.sink.shown} refused {named}")
