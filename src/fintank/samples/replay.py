"""The quotes of a file, sent again as they came: its survey, the shift of its times, its pace."""

import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from fintank.errors import FintankError
from fintank.samples.quote_file import QuoteFile
from fintank.terminal.progress import progress
from fintank.trading.messages import Quote
from fintank.wire.kafka.tick_json import tick_of_texts

BAD_LINES_NAMED_MAX = 100


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
                sleep_until(start + (line.time_us - first_us) / 1_000_000 / speed)
            yield line.symbol, tick_of_texts(line._replace(time_us=line.time_us + added_us))


def sleep_until(moment: float) -> None:
    """Wait for a moment of the monotonic clock."""
    seconds = moment - time.monotonic()
    if seconds > 0.001:  # shorter sleeps cost more than they wait
        time.sleep(seconds)
