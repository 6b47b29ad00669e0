"""The form of messages between Storm and a bolt, and what is read when they come in pieces."""

import io
import json
import os
from threading import RLock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pystorm.exceptions import StormWentAwayError
from support.storm import messages_in

from fintank.bolts.multilang import TEXT_CHARS_MIN, MultilangSerializer

LONG = "ä" * TEXT_CHARS_MIN
values = st.one_of(
    st.none(), st.integers(0, 9), st.text(max_size=3), st.text(min_size=TEXT_CHARS_MIN, max_size=600)
)
emits = st.fixed_dictionaries({"command": st.just("emit"), "tuple": st.lists(values, max_size=4)})


def serializer_of(reading, writing):
    return MultilangSerializer(reading, writing, RLock(), RLock())


def sent(*messages, first=b'{"reads_texts":true}\nend\n'):
    output = io.BytesIO()
    serializer = serializer_of(io.BytesIO(first), output)
    serializer.read_message()
    for message in messages:
        serializer.send_message(message)
    return output.getvalue()


def test_a_long_text_follows_its_message_and_a_short_one_stands_in_it():
    head = {"command": "emit", "tuple": [None, "short"], "texts": [[0, 2 * TEXT_CHARS_MIN]]}
    written = sent({"command": "emit", "tuple": [LONG, "short"]}, {"command": "sync"})
    message, _, rest = written.partition(b"\nend\n")
    assert json.loads(message) == head
    assert rest == LONG.encode() + b'{"command":"sync"}\nend\n'


def test_a_storm_that_does_not_read_texts_gets_json():
    message = {"command": "emit", "tuple": [LONG, "short"]}
    written = sent(message, first=b'{"pidDir":"/"}\nend\n')
    assert json.loads(written.removesuffix(b"\nend\n")) == message


def test_a_bolt_says_with_its_pid_that_it_reads_texts():
    assert sent({"pid": 7}) == b'{"pid":7,"reads_texts":true}\nend\n'


def test_a_text_without_utf8_form_is_not_sent():
    with pytest.raises(UnicodeError):
        sent({"command": "emit", "tuple": [LONG + "\ud800"]})


class Pieces(io.BytesIO):
    """A stream that returns at most so many bytes at a time."""

    def __init__(self, written: bytes, size: int) -> None:
        super().__init__(written)
        self._size = size

    def read1(self, _size: int = -1, /) -> bytes:
        return super().read1(self._size)


@given(messages=st.lists(emits, min_size=1, max_size=5), size=st.integers(1, 900))
def test_messages_are_read_as_they_were_sent_in_whatever_pieces(messages, size):
    written = sent(*messages)
    serializer = serializer_of(Pieces(written, size), io.BytesIO())
    assert [serializer.read_message() for _ in messages] == messages == messages_in(written)
    with pytest.raises(StormWentAwayError):
        serializer.read_message()


@pytest.mark.parametrize("written", [b"", b'{"command', sent({"tuple": [LONG]})[:-1]])
def test_the_end_of_the_stream_within_a_message_is_no_message(written):
    with pytest.raises(StormWentAwayError):
        serializer_of(io.BytesIO(written), io.BytesIO()).read_message()


def test_bytes_of_a_text_that_have_not_come_yet_are_waited_for():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as other_end:
        written = sent({"tuple": [LONG]}, {"tuple": [1]})
        other_end.write(written)
        serializer = serializer_of(stream, io.BytesIO())
        assert serializer.read_message() == {"tuple": [LONG]}
        assert serializer.has_more()
        assert serializer.read_message() == {"tuple": [1]}
        assert not serializer.has_more()
