"""Reading a file of one or more compressed streams to its very end.

Python's own readers of bz2 and xz end silently at whatever follows the first stream: the rest would be lost.
"""

import io
from collections.abc import Callable
from typing import Any, BinaryIO

READ_BYTES = 64 * 1024


class CompressedStreams(io.RawIOBase):
    """The decompressed bytes. Zeros after a stream are skipped; all else there must be another stream.

    decompressor: makes what decompresses one stream, such as bz2.BZ2Decompressor; its error passes.
    """

    def __init__(self, file: BinaryIO, decompressor: Callable[[], Any]) -> None:
        self._file = file
        self._decompressor = decompressor
        self._stream = decompressor()
        self._place = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read again from its start."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the start, or stay."""
        if (offset, whence) == (0, io.SEEK_SET):
            self._file.seek(0)
            self._stream, self._place = self._decompressor(), 0
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("only the start can be sought")
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Read the next bytes; EOFError if the file ends within a stream."""
        view = memoryview(buffer)
        found = self._read(len(view))
        view[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _read(self, size: int) -> bytes:
        while True:
            part = b""
            if self._stream.eof:
                part = self._next_stream()
                if not part:
                    return b""
                self._stream = self._decompressor()
            elif self._stream.needs_input:
                part = self._file.read(READ_BYTES)
                if not part:
                    raise EOFError("it ends within a compressed stream")
            if found := self._stream.decompress(part, size):
                return bytes(found)

    def _next_stream(self) -> bytes:
        """Return the start of what follows a stream, without zeros; empty at the end of the file."""
        part = self._stream.unused_data.lstrip(b"\0")
        while not part and (read := self._file.read(READ_BYTES)):
            part = read.lstrip(b"\0")
        return bytes(part)
