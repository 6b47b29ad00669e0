"""A file that a command reads: plain or compressed, regular, a pipe or standard input."""

import bz2
import errno
import gzip
import io
import lzma
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, BinaryIO, Self, cast

from fintank.errors import FintankError, missing_package
from fintank.samples.compressed_streams import CompressedStreams

STANDARD_INPUT = Path("-")

zstd: Any = None
"""The package of requirements-extra.txt; None if it is not installed."""
with suppress(ImportError):  # other packages have a `backports` of their own, without it
    zstd = import_module("backports.zstd")

_DAMAGED: tuple[type[Exception], ...] = (
    *(gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
    *(() if zstd is None else (zstd.ZstdError,)),
)


class PackedFile:
    """Its text can be read repeatedly while it is entered; a pipe is first copied into `folder`.

    The compression is detected by the first bytes, not by the name. FintankError if it can't be read.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._folder = folder
        self._copy: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            if self.path == STANDARD_INPUT:
                if sys.stdin is None:  # closed, as by `<&-`
                    raise FintankError("-: standard input is closed: name a file, or send it through a pipe")
                self._copy = self._copied(sys.stdin.buffer)
                return self
            mode = self.path.stat().st_mode
            if stat.S_ISFIFO(mode):
                with self.path.open("rb") as pipe:
                    self._copy = self._copied(pipe)
            elif not stat.S_ISREG(mode):
                raise FintankError(f"{self.path}: is neither a file nor a pipe: name a file")
        except OSError as error:
            raise self._unreadable(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy is not None:
            self._copy.close()

    @contextmanager
    def text(self) -> Iterator[BinaryIO]:
        """Open the decompressed file at its start."""
        try:
            with ExitStack() as stack:
                file = self._copy or stack.enter_context(self.path.open("rb"))
                file.seek(0)
                text = _decompressed(file)
                if text is not file:
                    stack.enter_context(text)
                yield text
        except _UnusableError as error:
            raise FintankError(f"{self.path}: {error}") from error
        except _DAMAGED as error:
            raise self._damaged(error) from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _copied(self, pipe: IO[bytes]) -> BinaryIO:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            copy = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - until __exit__
            shutil.copyfileobj(pipe, copy)
        except OSError as error:
            if error.filename is None and error.errno != errno.ENOSPC:  # the pipe's own
                raise
            raise FintankError(
                f"{self._folder}: {error.strerror}: a pipe is copied there before it is read: name a file, "
                "or another folder in FINTANK_HOME"
            ) from error
        return copy

    def _unreadable(self, error: OSError) -> FintankError:
        if error.errno is None:  # bz2 has only a text for a broken file
            return self._damaged(error)
        return FintankError(f"{self.path}: {error.strerror}: name a file, plain or compressed")

    def _damaged(self, error: Exception) -> FintankError:
        return FintankError(f"{self.path}: it can't be decompressed ({error}): download it again")


class _UnusableError(Exception):
    """What an undamaged file is, and what to do about it."""


def _member(file: BinaryIO) -> IO[bytes]:
    """Open the only file of a zip archive, or its only CSV file: HistData adds a report on the download."""
    try:
        archive = zipfile.ZipFile(file)
        found = [info for info in archive.infolist() if _is_file(info.filename)]
        if len(found) > 1:
            found = [info for info in found if info.filename.lower().endswith(".csv")]
        if len(found) != 1:
            raise _UnusableError(f"it holds {len(found)} CSV files instead of one: unpack it, and name one")
        return archive.open(found[0])
    except NotImplementedError:
        raise _UnusableError("it is packed by a method that is not known here: unpack it yourself") from None
    except RuntimeError:
        raise _UnusableError("it is encrypted: unpack it yourself") from None
    except UnicodeDecodeError as error:
        raise zipfile.BadZipFile(str(error)) from error


def _is_file(name: str) -> bool:
    """Whether a member, which may have no name, is a file, and not what macOS adds about one."""
    return not name.endswith("/") and not name.startswith("__MACOSX/")


def _zstd(file: BinaryIO) -> IO[bytes]:
    if zstd is None:
        raise missing_package("reading .zst")
    return _streams(file, zstd.ZstdDecompressor)


def _streams(file: BinaryIO, decompressor: Callable[[], Any]) -> IO[bytes]:
    return io.BufferedReader(CompressedStreams(file, decompressor))


_COMPRESSIONS: Mapping[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": lambda file: _streams(file, bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": lambda file: _streams(file, lzma.LZMADecompressor),
    b"PK\x03\x04": _member,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x50\x2a\x4d\x18": _zstd,  # of pzstd, which begins with a frame to skip
}


def _decompressed(file: BinaryIO) -> BinaryIO:
    first = file.read(max(map(len, _COMPRESSIONS)))
    file.seek(0)
    for magic, decompress in _COMPRESSIONS.items():
        if first.startswith(magic):
            return cast(BinaryIO, decompress(file))
    return file
