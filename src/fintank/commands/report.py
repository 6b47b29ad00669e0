"""invoke report: an HTML page of what the sink holds."""

from pathlib import Path

from fintank.commands import command
from fintank.errors import FintankError
from fintank.report.queries import read
from fintank.report.span import Span, parse_span
from fintank.settings import Settings
from fintank.terminal.texts import counted

OUT = "report.html"


@command(
    help={
        "since": "the start: how long ago (15m, 1h, 2d), or a UTC time (2026-11-24T20:00)",
        "until": "the end, in the same forms",
        "out": "the HTML file to write",
    }
)
def report(settings: Settings, since: str = "1h", until: str = "now", out: str = OUT) -> None:
    """Draw prices, trades, positions, orders and speed as one HTML file.

    Example: invoke report --since 2h
    """
    print(write(settings, parse_span(since, until), Path(out)))


def write(settings: Settings, span: Span, out: Path) -> str:
    """Write the report of a span and return a line about it; FintankError if the file can't be written."""
    # Imported here because the plots take as long to import as all commands together.
    from fintank.report.page import page

    data = read(settings.sink, span)
    try:
        out.write_text(page(data, settings.sink.shown), encoding="utf-8")
    except OSError as error:
        raise FintankError(f"{out}: {error.strerror}: choose another file with --out") from error
    trades = counted(len(data.trades), "trade")
    return f"{out.absolute()}: {data.ticks:,} ticks, {trades}. Open it in a browser; it needs no network."
