"""A file of quotes, plain or compressed, regular or a pipe: reading, surveying and replaying it."""

import bz2
import gzip
import lzma
import shutil
import stat
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from fintank.errors import FintankError
from fintank.samples import csv_forms, quote_csv
from fintank.samples.csv_forms import CsvForm, GivenForm
from fintank.samples.csv_text import BadLine
from fintank.samples.produce import KeyedRecord
from fintank.terminal.screen import progress
from fintank.trading.messages import Quote
from fintank.waiting import sleep_until
from fintank.wire.kafka.tick_json import tick_of_texts

zstd = None if find_spec("backports") is None else import_module("backports.zstd")
"""Of requirements-extra.txt."""

BAD_LINES_NAMED_MAX = 100
_DAMAGED: tuple[type[Exception], ...] = (
    *(gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
    *(() if zstd is None else (zstd.ZstdError,)),
)
NOTHING_GIVEN = GivenForm()


class QuoteFile:
    """Its quotes can be read repeatedly while it is entered; a pipe is first copied into `folder`.

    The compression is detected by the first bytes, not by the name. `form` is how it is
    read, `summary` says what differs from our own form. FintankError if it can't be read.
    """

    form: CsvForm
    summary: str

    def __init__(self, path: Path, folder: Path, given: GivenForm = NOTHING_GIVEN) -> None:
        self.path = path
        self._given = given
        self._folder = folder
        self._now_ms = time.time_ns() // 1_000_000
        self._copy: BinaryIO | None = None

    def __enter__(self) -> "QuoteFile":
        try:
            mode = self.path.stat().st_mode
            if stat.S_ISFIFO(mode):
                self._copy = self._copied()
            elif not stat.S_ISREG(mode):
                raise FintankError(f"{self.path}: is neither a file nor a pipe: name a CSV file")
        except OSError as error:
            raise self._unreadable(error) from error
        with self._text() as text:
            self.form, self.summary = csv_forms.guess(text, str(self.path), self._given)
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy is not None:
            self._copy.close()

    def lines(self) -> Iterator[Quote | BadLine]:
        """Read the file from its start."""
        with self._text() as text:
            yield from quote_csv.read(text, self.form, self._now_ms)

    @contextmanager
    def _text(self) -> Iterator[BinaryIO]:
        """Open the decompressed file."""
        try:
            with ExitStack() as stack:
                file = self._copy or stack.enter_context(self.path.open("rb"))
                file.seek(0)
                text = _decompressed(file)
                if text is not file:
                    stack.enter_context(text)
                yield text
        except _DAMAGED as error:
            raise FintankError(f"{self.path}: it can't be decompressed ({error}): fetch it again") from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _copied(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        copy = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - until __exit__
        with self.path.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)
        return copy

    def _unreadable(self, error: OSError) -> FintankError:
        # bz2 has no errno for a broken file, only a text.
        return FintankError(f"{self.path}: {error.strerror or error}: name a CSV file, plain or compressed")


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
            named = f"{file.path}:{line.number}: {line.reason}"
            if strict:
                raise FintankError(
                    f"{named}; nothing was sent: fix the line, or leave out --strict to skip it"
                )
            bad_lines += 1
            if bad_lines <= BAD_LINES_NAMED_MAX:
                print(named, file=sys.stderr)
    if bad_lines > BAD_LINES_NAMED_MAX:
        print(f"{file.path}: and {bad_lines - BAD_LINES_NAMED_MAX:,} more bad lines", file=sys.stderr)
    if not quotes:
        raise FintankError(f"{file.path}: has no good line: nothing was sent")
    return Extent(quotes, bad_lines, first_us, last_us, tuple(symbols))


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


def _member(file: BinaryIO) -> IO[bytes]:
    """Open the only file of a zip archive."""
    archive = zipfile.ZipFile(file)
    names = [info for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        raise zipfile.BadZipFile(f"it holds {len(names)} files instead of one")
    try:
        return archive.open(names[0])
    except (RuntimeError, NotImplementedError) as error:  # a password, or an unknown method
        raise zipfile.BadZipFile(str(error)) from error


def _zstd(file: BinaryIO) -> IO[bytes]:
    if zstd is None:
        raise FintankError(
            "reading .zst needs a package: .venv/bin/pip install --requirement requirements-extra.txt"
        )
    return cast(IO[bytes], zstd.ZstdFile(file))


_COMPRESSIONS: Mapping[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"PK\x03\x04": _member,
    b"\x28\xb5\x2f\xfd": _zstd,
}


def _decompressed(file: BinaryIO) -> BinaryIO:
    first = file.read(max(map(len, _COMPRESSIONS)))
    file.seek(0)
    for magic, decompress in _COMPRESSIONS.items():
        if first.startswith(magic):
            return cast(BinaryIO, decompress(file))
    return file
