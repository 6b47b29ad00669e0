"""invoke export: ticks, executions or fills as a file."""

from importlib.util import find_spec
from pathlib import Path

from fintank.adapters import rules_file
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.errors import FintankError, missing_package
from fintank.report.span import parse_span
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.options import names_in
from fintank.terminal.texts import counted

TOPICS = ("ticks", "executions", "fills")
FORMATS = ("parquet", "csv")


@command(
    positional=["topic"],
    help={
        "topic": ", ".join(TOPICS),
        "to": "the folder of the file; it is made if it is missing",
        "format": ", ".join(FORMATS),
        "since": "the start, by Kafka's time: how long ago (15m, 1h, 2d), or a UTC time (2026-11-24T20:00)",
        "until": "the end, written like the start",
        "symbol": "only these symbols, separated by commas",
    },
)
def export(
    settings: Settings,
    topic: str,
    *,
    to: str = ".",
    format: str = "parquet",  # noqa: A002 - the name of the option
    since: str | None = None,
    until: str = "now",
    symbol: str | None = None,
) -> None:
    """Write a topic to a Parquet or CSV file.

    Example: invoke export fills --to data --since 1h
    """
    if topic not in TOPICS:
        raise FintankError(f"export {topic}: choose one of {', '.join(TOPICS)}")
    if format not in FORMATS:
        raise FintankError(f"--format {format}: choose one of {', '.join(FORMATS)}")
    if find_spec("pyarrow") is None:
        raise missing_package("export")
    from fintank.export.table_files import Selection  # pyarrow takes a second to load
    from fintank.export.table_files import export as write

    symbols = frozenset() if symbol is None else names_in("--symbol", symbol)
    span = parse_span(since or "1990-01-01", until)
    make_topics(settings.kafka)
    allows_negative = rules_file.load(settings).instruments.allows_negative
    path = Path(to) / f"{topic}.{format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_reader(settings.kafka, topic) as reader:
        starts = reader.starts(since_ms=span.since_ns // 1_000_000 if since else None)
        selection = Selection(topic, starts, span.until_ns // 1_000_000, symbols, allows_negative)
        rows = write(reader, selection, path)
    print(f"{counted(rows, 'row')} of the topic '{topic}' in {path}.")
