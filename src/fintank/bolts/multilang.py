"""Storm's multilang protocol: JSON messages on stdin and stdout, each followed by the line `end`."""

from typing import Any, BinaryIO

import orjson
from pystorm.exceptions import StormWentAwayError
from pystorm.serializers.serializer import Serializer


class MultilangSerializer(Serializer):
    """Like pystorm's own, with two differences.

    A message that can't be sent raises: pystorm's logs it, and the bolt goes on and acks what was lost.
    And orjson reads and writes a batch of ticks ten times as fast.
    """

    input_stream: BinaryIO
    output_stream: BinaryIO

    def read_message(self) -> Any:
        """Read the next message; StormWentAwayError at the end of the stream."""
        parts: list[bytes] = []
        with self._reader_lock:
            while (line := self.input_stream.readline()) != b"end\n":
                if not line:
                    raise StormWentAwayError
                parts.append(line)
        return orjson.loads(b"".join(parts))

    def send_message(self, msg_dict: dict[str, Any]) -> None:
        """Write a message; TypeError when it is no JSON, StormWentAwayError when nobody reads it."""
        message = orjson.dumps(msg_dict) + b"\nend\n"
        with self._writer_lock:
            try:
                self.output_stream.write(message)
                self.output_stream.flush()
            except OSError as error:
                raise StormWentAwayError from error
