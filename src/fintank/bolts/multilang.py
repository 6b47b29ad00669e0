"""Storm's multilang protocol: JSON messages on stdin and stdout, each followed by the line `end`.

Long texts of a tuple follow that line as UTF-8, without a separator. In the JSON each is null, and `texts`
has its [index, bytes]. Both sides say in their first message that they read them, as
`fintank.storm.multilang` in the JVM does; Storm's own serializer gets everything as JSON.
"""

import contextlib
import io
import select
from typing import Any, BinaryIO

import orjson
from pystorm.exceptions import StormWentAwayError
from pystorm.serializers.serializer import Serializer

END = b"\nend\n"
READ_BYTES_MAX = 1024 * 1024
TEXT_CHARS_MIN = 256
"""A shorter text costs more as one of `texts` than in the JSON."""


class MultilangSerializer(Serializer):
    """Like pystorm's own, with four differences.

    A message that can't be sent raises; pystorm's logs it, and the bolt goes on and acks what was lost.
    orjson reads and writes ten times as fast. Batches of records are `texts`, neither escaped nor parsed. And
    `has_more` says whether a message, or the start of one, is already there, so that a bolt that gathers
    messages knows when to stop.
    """

    input_stream: io.BufferedIOBase
    output_stream: BinaryIO

    def __init__(self, input_stream: io.BufferedIOBase, output_stream: BinaryIO, *locks: Any) -> None:
        """Use these streams; nothing else may read from the input."""
        super().__init__(input_stream, output_stream, *locks)
        self._received = bytearray()
        self._sends_texts = False
        self._poll: select.poll | None = None
        with contextlib.suppress(io.UnsupportedOperation):  # in memory: it is read at once
            number = input_stream.fileno()
            self._poll = select.poll()
            self._poll.register(number, select.POLLIN)

    def has_more(self) -> bool:
        """Whether read_message would find something without waiting."""
        return bool(self._received) or (self._poll is not None and bool(self._poll.poll(0)))

    def read_message(self) -> Any:
        """Read the next message; StormWentAwayError at the end of the stream."""
        with self._reader_lock:
            searched = 0
            while (end := self._received.find(END, searched)) < 0:
                searched = max(len(self._received) - len(END), 0)
                self._receive()
            message = orjson.loads(memoryview(self._received)[:end])
            del self._received[: end + len(END)]
            if isinstance(message, dict):
                self._sends_texts = self._sends_texts or "reads_texts" in message
                for index, size in message.pop("texts", ()):
                    message["tuple"][index] = self._read_text(size)
        return message

    def _read_text(self, size: int) -> str:
        while len(self._received) < size:
            self._receive()
        text = str(memoryview(self._received)[:size], "utf-8")
        del self._received[:size]
        return text

    def _receive(self) -> None:
        # read1 returns all that it reads, so polling the file is as good as polling the stream.
        part = self.input_stream.read1(READ_BYTES_MAX)
        if not part:
            raise StormWentAwayError
        self._received += part

    def send_message(self, msg_dict: dict[str, Any]) -> None:
        """Write a message.

        TypeError if it has no JSON form, UnicodeError if a text has no UTF-8 form, StormWentAwayError if
        nobody reads it.
        """
        message = b"".join(self._parts(msg_dict))
        with self._writer_lock:
            try:
                self.output_stream.write(message)
                self.output_stream.flush()
            except OSError as error:
                raise StormWentAwayError from error

    def _parts(self, message: dict[str, Any]) -> list[bytes]:
        """Return the message as JSON, the line `end`, and its long texts."""
        if "pid" in message:
            message = {**message, "reads_texts": True}
        texts = {
            index: value.encode()
            for index, value in enumerate(message.get("tuple", ()))
            if self._sends_texts and isinstance(value, str) and len(value) >= TEXT_CHARS_MIN
        }
        if texts:
            rest = [None if index in texts else value for index, value in enumerate(message["tuple"])]
            sizes = [(index, len(text)) for index, text in texts.items()]
            message = {**message, "tuple": rest, "texts": sizes}
        return [orjson.dumps(message), END, *texts.values()]
