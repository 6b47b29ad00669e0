"""The command that draws what InfluxDB holds."""

from pathlib import Path

from invoke.context import Context

from fintank import settings
from fintank.commands import command
from fintank.errors import FintankError
from fintank.report.reading import read
from fintank.report.span import Span, parse_span
from fintank.settings import Settings
from fintank.terminal.progress import counted

OUT = "report.html"


@command(
    help={
        "since": "from when: how long ago (15m, 1h, 2d), or a time of UTC (2026-11-24T20:00)",
        "until": "until when, likewise",
        "out": "the HTML file to write",
    }
)
def report(_context: Context, since: str = "1h", until: str = "now", out: str = OUT) -> None:
    """Draw prices, trades, positions, orders and speed as one HTML file, as in: invoke report --since 2h"""
    print(write(settings.load(), parse_span(since, until), Path(out)))


def write(where: Settings, span: Span, out: Path) -> str:
    """Write the report of a span; return a line that says so. FintankError when that can't be."""
    # Only here, as the import of the plots takes as long as that of all other commands.
    from fintank.report.page import page

    facts = read(where.influx, span)
    try:
        out.write_text(page(facts, f"InfluxDB ({where.influx})"))
    except OSError as error:
        raise FintankError(f"{out}: {error.strerror}: name another file with --out") from error
    trades = counted(len(facts.trades), "trade")
    return f"{out.absolute()}: {facts.ticks:,} ticks, {trades}. Open it in a browser; it needs no network."
