"""The recorder against venues that are odd in what they do, not in what they say."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from fintank.errors import FintankError
from fintank.feeds.binance import Binance
from fintank.feeds.coinbase import Coinbase
from fintank.feeds.exchange import Exchange, shown_url
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


def recorded(
    url: str, seconds: float, exchange: Exchange | None = None, quotes_wanted: int = 0
) -> tuple[Recorder, list[Quote], list[str]]:
    """Record X of Binance or another exchange for so long, or until so many quotes came.

    Return its quotes, and what was said.
    """
    exchange = exchange or Binance()
    exchange.url = url
    quotes: list[Quote] = []
    said: list[str] = []
    recorder = Recorder(exchange, ["X"], quotes.append, said.append)

    async def run() -> None:
        running = asyncio.create_task(recorder.run(seconds))
        while not running.done() and not 0 < quotes_wanted <= len(quotes):
            await asyncio.sleep(0.02)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
    return recorder, quotes, said


def quote(update_id: int, bid: str) -> str:
    return json.dumps({"u": update_id, "s": "X", "b": bid, "B": "7", "a": "20", "A": "9"})


@pytest.mark.parametrize(
    "url",
    ["ws://127.0.0.1:99999/", "ws://127.0.0.1:-1", "ws://[::1", "ws://..", f"ws://{'a' * 300}", "", "x"],
)
def test_an_address_that_is_none_is_one_line(url: str) -> None:
    with pytest.raises(FintankError, match="is no address of a websocket"):
        recorded(url, 30)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://desk:secret@127.0.0.1:1/a", "wss://127.0.0.1:1/a"),
        ("wss://127.0.0.1:1/a?key=secret", "wss://127.0.0.1:1/a?..."),
        ("wss://desk:sec@ret@[::1", "..."),
        ("desk:secret@[::1", "..."),
        ("wss://desk:127/secret@127.0.0.1", "..."),
        ("wss://127.0.0.1:secret@", "wss://"),
    ],
)
def test_no_message_shows_a_password_or_a_key_of_an_address(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    with pytest.raises(FintankError) as found:
        recorded(url, 30)
    assert str(found.value).startswith(f"{shown} ")
    assert "secret" not in str(found.value)


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
        recorder, quotes, said = recorded(url, 30, quotes_wanted=4)
    assert recorder.gaps >= 2, said
    assert [each.bid for each in quotes[:4]] == ["10", None, "11", None]
    assert recorder.state.ignored.total() >= 2


def test_coinbase_is_asked_again_after_a_cut_answers_pings_and_tells_what_was_missed() -> None:
    asked: list[str | bytes] = []
    pongs: list[bool] = []

    def ticker(trade: int, bid: str) -> str:
        of_x = {"product_id": "X", "time": "2025-11-24T16:00:00.5Z"}
        best = {"best_bid": bid, "best_bid_size": "7", "best_ask": "20", "best_ask_size": "9"}
        return json.dumps({"type": "ticker", "sequence": trade, "trade_id": trade, **of_x, **best})

    def act(connection: ServerConnection, number: int) -> None:
        asked.append(connection.recv())
        connection.send(json.dumps({"type": "subscriptions", "channels": []}))
        connection.send(ticker(50 - number, f"1{number}"))
        pongs.append(connection.ping().wait(5))
        beat = {"type": "heartbeat", "product_id": "X", "last_trade_id": 53, "time": "2025-11-24T16:00:01Z"}
        connection.send(json.dumps(beat))
        connection.send(json.dumps({"type": "status"}))
        connection.send(ticker(60, f"2{number}"))
        if number == 0:
            connection.socket.close()
        else:
            connection.recv(timeout=10)

    with venue(act) as url:
        recorder, quotes, _ = recorded(url, 30, Coinbase(), quotes_wanted=5)
    assert [json.loads(text)["channels"] for text in asked] == [["ticker", "heartbeat"]] * 2
    assert pongs == [True, True]
    assert [quote.bid for quote in quotes] == ["10", "20", None, "11", "21", None]
    assert (recorder.gaps, recorder.state.counts["missed"]) == (1, 3 + 4)
    assert dict(recorder.state.ignored) == {"status": 2}


def test_a_venue_that_falls_silent_but_answers_pings_is_left_and_its_quotes_withdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fintank.feeds.recorder.SILENT_SECONDS_MAX", 0.5)

    def act(connection: ServerConnection, number: int) -> None:
        connection.recv()
        connection.send(quote(1, f"1{number}"))
        with suppress(ConnectionClosed):
            connection.recv(timeout=10)

    with venue(act) as url:
        recorder, quotes, said = recorded(url, 30, quotes_wanted=3)
    assert [each.bid for each in quotes[:3]] == ["10", None, "11"]
    assert recorder.gaps >= 1, said


def test_a_venue_without_tls_where_it_is_asked_for_is_one_line() -> None:
    with (
        venue(lambda _connection, _number: None) as url,
        pytest.raises(FintankError, match="can't be reached") as found,
    ):
        recorded(url.replace("ws:", "wss:"), 30)
    assert len(str(found.value).splitlines()) == 1
