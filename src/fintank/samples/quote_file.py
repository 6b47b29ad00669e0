"""A file of quotes: surveying and replaying it."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from fintank.samples import csv_forms, quote_csv
from fintank.samples.bad_lines import BadLines
from fintank.samples.csv_forms import CsvForm, GivenForm
from fintank.samples.csv_text import BadLine
from fintank.samples.packed_file import PackedFile
from fintank.samples.produce import KeyedRecord
from fintank.terminal.screen import progress
from fintank.trading.messages import Quote
from fintank.waiting import now_us, sleep_until
from fintank.wire.kafka.tick_json import tick_of_texts
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

NOTHING_GIVEN = GivenForm()


class QuoteFile(PackedFile):
    """A CSV file; `form` is how it is read, `summary` says what differs from our own form."""

    form: CsvForm
    summary: str

    def __init__(
        self,
        path: Path,
        folder: Path,
        given: GivenForm = NOTHING_GIVEN,
        allows_negative: AllowsNegative = only_positive,
    ) -> None:
        super().__init__(path, folder)
        self._allows_negative = allows_negative
        self._given = given
        self._now_ms = now_us() // 1000

    def __enter__(self) -> Self:
        super().__enter__()
        with self.text() as text:
            self.form, self.summary = csv_forms.guess(text, str(self.path), self._given)
        return self

    def lines(self) -> Iterator[Quote | BadLine]:
        """Read the file from its start."""
        with self.text() as text:
            yield from quote_csv.read(text, self.form, self._now_ms, self._allows_negative)


class Extent(NamedTuple):
    """The good and bad lines of a file, its first and last time, and its symbols."""

    quotes: int
    bad_lines: int
    first_us: int
    last_us: int
    symbols: tuple[str, ...] = ()


def survey(file: QuoteFile, strict: bool = False) -> Extent:
    """Read the file once before anything is sent, and print its bad lines.

    FintankError if it has no good line, or, if strict, any bad one.
    """
    bad_lines = BadLines(file.path, strict)
    quotes = 0
    symbols: dict[str, None] = {}
    first_us, last_us = sys.maxsize, 0
    with progress() as bar:
        for line in bar.track(file.lines(), total=None, description="reading"):
            if isinstance(line, Quote):
                quotes += 1
                first_us = line.time_us if line.time_us < first_us else first_us
                last_us = line.time_us if line.time_us > last_us else last_us
                symbols[line.symbol] = None
            else:
                bad_lines.add(line)
    bad_lines.finish(quotes)
    return Extent(quotes, bad_lines.count, first_us, last_us, tuple(symbols))


def shift_us(extent: Extent, now_us: int, speed: float | None) -> int:
    """Return what to add to all times: the last tick is sent at its own time, none is in the future."""
    length_us = extent.last_us - extent.first_us
    takes_us = 0 if speed is None else int(length_us / speed)
    return now_us + min(takes_us, length_us) - extent.last_us


def shifted_records(
    file: QuoteFile, added_us: int, first_us: int = 0, speed: float | None = None
) -> Iterator[KeyedRecord]:
    """Yield a record of each good line, its time shifted; with a speed, each when it is due."""
    start = time.monotonic()
    for line in file.lines():
        if isinstance(line, Quote):
            if speed is not None:
                sleep_until(start + (line.time_us - first_us) / 1_000_000 / speed)
            yield line.symbol, tick_of_texts(line._replace(time_us=line.time_us + added_us))
