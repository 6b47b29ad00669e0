"""The recorder against venues that are odd in what they do, not in what they say."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import ServerConnection, serve

from fintank.errors import FintankError
from fintank.feeds.binance import Binance
from fintank.feeds.recorder import MESSAGE_BYTES_MAX, Recorder
from fintank.trading.messages import Quote


@contextmanager
def venue(act: Callable[[ServerConnection, int], None]) -> Iterator[str]:
    """Yield the address of a venue that acts on each connection, given its number, and closes it."""
    numbers = iter(range(1_000))
    with serve(lambda connection: act(connection, next(numbers)), "localhost", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://localhost:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def recorded(url: str, seconds: float) -> tuple[Recorder, list[Quote], list[str]]:
    """Record X for so long; return its quotes, and what was said."""
    exchange = Binance()
    exchange.url = url
    quotes: list[Quote] = []
    said: list[str] = []
    recorder = Recorder(exchange, ["X"], quotes.append, said.append)
    asyncio.run(recorder.run(seconds))
    return recorder, quotes, said


def quote(update_id: int, bid: str) -> str:
    return json.dumps({"u": update_id, "s": "X", "b": bid, "B": "7", "a": "20", "A": "9"})


@pytest.mark.parametrize(
    "url",
    ["ws://127.0.0.1:99999/", "ws://127.0.0.1:-1", "ws://[::1", "ws://..", f"ws://{'a' * 300}", "", "x"],
)
def test_an_address_that_is_none_is_one_line(url: str) -> None:
    with pytest.raises(FintankError, match="is no address of a websocket"):
        recorded(url, 1)


def test_a_venue_that_closes_again_and_again_is_asked_less_and_less_often() -> None:
    def act(connection: ServerConnection, number: int) -> None:
        connection.recv()
        if number == 0:
            connection.send(quote(1, "10"))

    with venue(act) as url:
        recorder, quotes, said = recorded(url, 2.5)
    assert recorder.gaps >= 2
    assert [text.rpartition(" in ")[2] for text in said[:2]] == ["0.5 s", "1.0 s"]
    assert [each.bid for each in quotes] == ["10", None]


def test_binary_and_huge_and_broken_frames_end_no_recording() -> None:
    def act(connection: ServerConnection, number: int) -> None:
        connection.recv()
        connection.send(b"\xff\x00\x1b[31m")
        connection.send(quote(1, f"1{number}").encode())
        if number == 0:
            connection.send("x" * (MESSAGE_BYTES_MAX + 1))
        else:
            connection.socket.sendall(b"\x81\x7eabc")  # the start of a frame
            connection.socket.close()

    with venue(act) as url:
        recorder, quotes, said = recorded(url, 2)
    assert recorder.gaps >= 2, said
    assert [each.bid for each in quotes[:4]] == ["10", None, "11", None]
    assert recorder.state.ignored.total() >= 2


def test_a_venue_without_tls_where_it_is_asked_for_is_one_line() -> None:
    with (
        venue(lambda _connection, _number: None) as url,
        pytest.raises(FintankError, match="can't be reached") as found,
    ):
        recorded(url.replace("ws:", "wss:"), 5)
    assert len(str(found.value).splitlines()) == 1
