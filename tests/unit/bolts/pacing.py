"""How messages come to a bolt under test: each when the one before was read, or all at once."""

import io


class Paced(io.BytesIO):
    """A stream on which each message comes when the one before was read."""

    def read1(self, _size: int = -1, /) -> bytes:
        """Return the next message, and the line `end` behind it."""
        return self.readline() + self.readline()


def stream_of(text: str, at_once: bool) -> io.BytesIO:
    """Make the stream of these messages."""
    return (io.BytesIO if at_once else Paced)(text.encode())
