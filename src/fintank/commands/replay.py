"""invoke replay: send the quotes of a file."""

from pathlib import Path

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.samples import csv_forms
from fintank.samples.bad_lines import print_skipped
from fintank.samples.csv_forms import GivenForm
from fintank.samples.produce import make_topics, send
from fintank.samples.quote_file import QuoteFile, shift_us, shifted_records, survey
from fintank.settings import Settings
from fintank.terminal.options import named_values, positive_number, zone
from fintank.terminal.texts import counted
from fintank.waiting import now_us


@command(
    positional=["file"],
    help={
        "file": "a CSV file, also compressed or a pipe; the command says how it reads the columns",
        "columns": "name the columns yourself, as in bid=BidPrice,ask=AskPrice,timestamp=Date+Time",
        "symbol": "the symbol of all lines, if no column has it",
        "exchange": "the exchange of all lines, if no column has it",
        "time_zone": "the zone of times that name none, as in Europe/Berlin; default: UTC",
        "time_format": "how times are written, as in '%d/%m/%Y %H:%M:%S.%f'",
        "speed": "send at the pace of the timestamps, this many times as fast; default: all at once",
        "keep_times": "keep the timestamps; default: all are shifted so that the last one is now",
        "strict": "send nothing if a line is bad; default: bad lines are named, skipped and counted",
    },
)
def replay(
    settings: Settings,
    file: str,
    *,
    columns: str | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    time_zone: str | None = None,
    time_format: str | None = None,
    speed: str | None = None,
    keep_times: bool = False,
    strict: bool = False,
) -> None:
    """Send the quotes of a file to Kafka.

    Example: invoke replay quotes.csv.gz --speed 10
    """
    path = Path(file)
    given = GivenForm(
        columns=named_values("--columns", columns or "", csv_forms.NAMES),
        constants={
            name: value for name, value in (("symbol", symbol), ("exchange", exchange)) if value is not None
        },
        zone=None if time_zone is None else zone("--time-zone", time_zone),
        time_format=time_format,
    )
    factor = None if speed is None else positive_number("--speed", speed)
    instruments = rules_file.load(settings).instruments
    with QuoteFile(path, settings.home / "run", given, instruments.allows_negative) as quotes:
        if quotes.summary:
            print(f"Reading {path}: {quotes.summary}.", flush=True)
        extent = survey(quotes, strict)
        ticks = counted(extent.quotes, "tick")
        print(f"Replaying {ticks} of {path} to Kafka ({settings.kafka}) topic 'ticks'.", flush=True)
        make_topics(settings.kafka)
        added_us = 0 if keep_times else shift_us(extent, now_us(), factor)
        records = shifted_records(quotes, added_us, extent.first_us, factor)
        send(settings.kafka, "ticks", "tick", records, extent.quotes)
    print_skipped(extent.bad_lines)
    print("Done.")
