"""invoke replay: the quotes of a file."""

import time
from pathlib import Path

from invoke.context import Context

from fintank import settings
from fintank.commands import command
from fintank.samples.quote_file import QuoteFile
from fintank.samples.replay import shift_us, shifted_records, survey
from fintank.samples.sending import make_topics, send
from fintank.terminal.options import argument, positive_number
from fintank.terminal.progress import counted


@command(
    positional=["file"],
    help={
        "file": "CSV (or packed, or a pipe): timestamp,symbol,exchange,bid,ask,bid_size,ask_size",
        "speed": "so many times as fast as it happened; default: at once",
        "keep_times": "keep the times; default: all are shifted by one constant so that the last is now",
        "strict": "send nothing when there is a bad line; default: name, skip and count it",
    },
)
def replay(
    _context: Context, file: str, speed: str | None = None, keep_times: bool = False, strict: bool = False
) -> None:
    """Send the quotes of a file to Kafka, as in: invoke replay quotes.csv.gz --speed 10"""
    path = Path(argument("replay", file))
    factor = None if speed is None else positive_number("--speed", speed)
    loaded = settings.load()
    with QuoteFile(path, loaded.home / "run") as quotes:
        extent = survey(quotes, strict)
        print(
            f"Replaying {counted(extent.quotes, 'tick')} of {path} to Kafka ({loaded.kafka}) topic 'ticks'.",
            flush=True,
        )
        make_topics(loaded.kafka)
        added_us = 0 if keep_times else shift_us(extent, time.time_ns() // 1000, factor)
        records = shifted_records(quotes, added_us, extent.first_us, factor)
        send(loaded.kafka, "ticks", "tick", records, extent.quotes)
    if extent.bad_lines:
        print(f"{extent.bad_lines:,} bad line{' was' if extent.bad_lines == 1 else 's were'} skipped.")
    print("Done.")
