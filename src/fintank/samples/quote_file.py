"""A file of quotes as a user names it: plain or packed, a file or a pipe."""

import bz2
import gzip
import lzma
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, cast

from fintank.errors import FintankError
from fintank.samples import quote_csv
from fintank.samples.quote_csv import BadLine
from fintank.trading.messages import Quote


class QuoteFile:
    """Its quotes can be read again and again while it is entered; a pipe is copied into `folder` for that.

    What a file is packed with is told by its first bytes, whatever its name. FintankError when it can't be
    read at all.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._folder = folder
        self._now_ms = time.time_ns() // 1_000_000
        self._copy: BinaryIO | None = None

    def __enter__(self) -> "QuoteFile":
        try:
            mode = self.path.stat().st_mode
            if stat.S_ISFIFO(mode):
                self._copy = self._copied()
            elif not stat.S_ISREG(mode):
                raise FintankError(f"{self.path}: is no file and no pipe: name a CSV file")
        except OSError as error:
            raise self._unreadable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._copy is not None:
            self._copy.close()

    def lines(self) -> Iterator[Quote | BadLine]:
        """Read the file from its start."""
        try:
            with ExitStack() as stack:
                file = self._copy or stack.enter_context(self.path.open("rb"))
                file.seek(0)
                text = _unpacked(file)
                if text is not file:
                    stack.enter_context(text)
                yield from quote_csv.read(text, str(self.path), self._now_ms)
        except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
            raise FintankError(f"{self.path}: its packing is broken ({error}): get it anew") from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _copied(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        copy = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - until __exit__
        with self.path.open("rb") as pipe:
            shutil.copyfileobj(pipe, copy)
        return copy

    def _unreadable(self, error: OSError) -> FintankError:
        # bz2 has no number for a broken file, only a text.
        return FintankError(f"{self.path}: {error.strerror or error}: name a CSV file, plain or packed")


def _member(file: BinaryIO) -> IO[bytes]:
    """Open the only file of a zip archive."""
    archive = zipfile.ZipFile(file)
    names = [info for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        raise zipfile.BadZipFile(f"it holds {len(names)} files instead of one")
    try:
        return archive.open(names[0])
    except (RuntimeError, NotImplementedError) as error:  # a password, a method that Python has not
        raise zipfile.BadZipFile(str(error)) from error


_PACKED: Mapping[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"PK\x03\x04": _member,
}


def _unpacked(file: BinaryIO) -> BinaryIO:
    first = file.read(max(map(len, _PACKED)))
    file.seek(0)
    for mark, unpack in _PACKED.items():
        if first.startswith(mark):
            return cast(BinaryIO, unpack(file))
    return file
