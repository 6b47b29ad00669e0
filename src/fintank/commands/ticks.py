"""Commands that send ticks to Kafka: made-up ones, and those of a file."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from invoke.context import Context

from fintank import settings
from fintank.adapters.quote_file import QuoteFile
from fintank.commands import command, fake_ticks
from fintank.commands.options import argument, positive_number, span_us, whole_number
from fintank.commands.sending import counted, make_topics, progress, send
from fintank.errors import FintankError
from fintank.trading.messages import Quote
from fintank.wire.tick_json import tick_of_texts

SYMBOLS_MAX = 100_000
BAD_LINES_NAMED_MAX = 100
DEFAULT_SPAN = "1h"


@command(
    help={
        "count": "how many ticks",
        "seed": "the same seed sends the same quotes",
        "symbols": "how many symbols: VTI, IVE, IWS, then made-up ones",
        "rate": "ticks per second, sent in real time; default: at once",
        "span": f"the times fill this span up to now: 30s, 15m, 1h, 1d; default {DEFAULT_SPAN}",
    }
)
def queue_ticks(
    _context: Context,
    count: str = "100000",
    seed: str | None = None,
    symbols: str = "3",
    rate: str | None = None,
    span: str | None = None,
) -> None:
    """Send fake ticks to Kafka, as in: invoke queue_ticks --count 500000 --seed 7"""
    total = whole_number("--count", count)
    symbol_count = whole_number("--symbols", symbols, maximum=SYMBOLS_MAX)
    if rate is None:
        span = span or DEFAULT_SPAN
        length_us = span_us("--span", span)
        if length_us < total:
            raise FintankError(f"--span {span}: has fewer microseconds than ticks: name a longer one")
        times_us = fake_ticks.times_over_span_us(total, length_us, time.time_ns() // 1000, seed)
    elif span is None:
        times_us = _paced_times_us(total, positive_number("--rate", rate))
    else:
        raise FintankError("--span has no meaning with --rate, which sends in real time: leave one out")

    address = settings.load().kafka
    print(f"Seeding Kafka ({address}) topic 'ticks' with {counted(total, 'fake tick')}.", flush=True)
    make_topics(address)
    send(address, "ticks", "tick", fake_ticks.records(seed, symbol_count, times_us), total)
    print("Done.")


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


class Extent(NamedTuple):
    """What a file holds: its good and bad lines, the first and last time in it, and its symbols."""

    quotes: int
    bad_lines: int
    first_us: int
    last_us: int
    symbols: tuple[str, ...] = ()


def survey(file: QuoteFile, strict: bool = False) -> Extent:
    """Read the file once before anything is sent: name its bad lines, find what its Extent says.

    FintankError when it has no good line, or, if strict, a bad one.
    """
    path = file.path
    quotes = bad_lines = 0
    symbols: dict[str, None] = {}
    first_us, last_us = sys.maxsize, 0
    with progress() as bar:
        for line in bar.track(file.lines(), total=None, description="reading"):
            if isinstance(line, Quote):
                quotes += 1
                first_us, last_us = min(first_us, line.time_us), max(last_us, line.time_us)
                symbols[line.symbol] = None
                continue
            named = f"{path}:{line.number}: {line.reason}"
            if strict:
                raise FintankError(
                    f"{named}; nothing was sent: mend the line, or leave out --strict to skip it"
                )
            bad_lines += 1
            if bad_lines <= BAD_LINES_NAMED_MAX:
                print(named, file=sys.stderr)
    if bad_lines > BAD_LINES_NAMED_MAX:
        print(f"{path}: and {bad_lines - BAD_LINES_NAMED_MAX:,} more bad lines", file=sys.stderr)
    if not quotes:
        raise FintankError(f"{path}: has no good line: nothing was sent")
    return Extent(quotes, bad_lines, first_us, last_us, tuple(symbols))


def shift_us(extent: Extent, now_us: int, speed: float | None) -> int:
    """Return what to add to all times: the last is the moment it is sent, and none is in the future."""
    length_us = extent.last_us - extent.first_us
    takes_us = 0 if speed is None else int(length_us / speed)
    return now_us + min(takes_us, length_us) - extent.last_us


def shifted_records(
    file: QuoteFile, added_us: int, first_us: int = 0, speed: float | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield (symbol, JSON record) of each good line, its time shifted; with a speed each at its moment."""
    start = time.monotonic()
    for line in file.lines():
        if isinstance(line, Quote):
            if speed is not None:
                _sleep_until(start + (line.time_us - first_us) / 1_000_000 / speed)
            yield line.symbol, tick_of_texts(line._replace(time_us=line.time_us + added_us))


def _paced_times_us(count: int, rate: float) -> Iterator[int]:
    """Yield `count` increasing times, each when its moment has come; late ones follow at once."""
    start = time.monotonic()
    last_us = 0
    for number in range(count):
        _sleep_until(start + number / rate)
        last_us = max(time.time_ns() // 1000, last_us + 1)
        yield last_us


def _sleep_until(moment: float) -> None:
    seconds = moment - time.monotonic()
    if seconds > 0.001:  # shorter sleeps cost more than they wait
        time.sleep(seconds)
