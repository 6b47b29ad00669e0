"""A file that a command reads: plain or compressed, regular, a pipe or standard input."""

import bz2
import gzip
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

from fintank.errors import FintankError

STANDARD_INPUT = Path("-")

zstd: Any = None
"""Of requirements-extra.txt."""
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
        except _DAMAGED as error:
            raise FintankError(f"{self.path}: it can't be decompressed ({error}): fetch it again") from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _copied(self, pipe: IO[bytes]) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        copy = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - until __exit__
        shutil.copyfileobj(pipe, copy)
        return copy

    def _unreadable(self, error: OSError) -> FintankError:
        # bz2 has no errno for a broken file, only a text.
        return FintankError(f"{self.path}: {error.strerror or error}: name a file, plain or compressed")


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
