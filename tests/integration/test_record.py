"""invoke record against a venue of the tests' own that speaks the exchange's protocol."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.core_engine import CoreEngine
from support.stack import Stack, fintank, run_fintank, start_fintank
from support.waiting import wait_until
from support.websocket_venue import WebsocketVenue, websocket_venue

from fintank.adapters.topic_reader import open_reader
from fintank.trading.messages import Quote
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import messages

pytestmark = pytest.mark.usefixtures("topics")

SYMBOL = "TESTUSDT"


@pytest.fixture
def venue() -> Iterator[WebsocketVenue]:
    with websocket_venue() as running:
        running.greeting = [json.dumps({"result": None, "id": 1}), book_ticker(1, "10.5", "10.6")]
        yield running


def book_ticker(update_id: int, bid: str, ask: str) -> str:
    return json.dumps({"u": update_id, "s": SYMBOL, "b": bid, "B": "7", "a": ask, "A": "9"})


def quotes(stack: Stack) -> list[Quote]:
    with open_reader(stack.settings.kafka, "ticks") as reader:
        found = messages(reader.read(reader.starts()), tick_json.from_record)
        return [quote for _, quote in found if quote.symbol == SYMBOL]


def test_a_feed_flows_to_fills_and_survives_a_cut(
    stack: Stack, engine: CoreEngine, venue: WebsocketVenue, tmp_path: Path
) -> None:
    to = tmp_path / "quotes.csv.gz"
    words = ("record", "binance", SYMBOL, "--url", venue.url, "--to", str(to))
    with start_fintank(stack, *words) as process:
        wait_until(lambda: [quote for quote in quotes(stack) if quote.bid == "10.5"], 30)
        assert json.loads(venue.received[0])["params"] == ["testusdt@bookTicker", "testusdt@miniTicker"]
        wait_until(lambda: len([quote for quote in quotes(stack) if quote.bid == "10.5"]) > 2, 20)
        venue.send("nonsense")
        venue.greeting[1] = book_ticker(1, "11.5", "11.6")
        venue.cut()
        wait_until(lambda: [quote for quote in quotes(stack) if quote.bid is None], 30)
        wait_until(lambda: [quote for quote in quotes(stack) if quote.bid == "11.5"], 30)
        order = ("--symbol", SYMBOL, "--side", "BUY", "--qty", "2", "--id", "live-1", "--wait", "0")
        fintank(stack, "send_order", *order)
        engine.decide()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "1 gaps" in output
    assert "nonsense" in output
    life = fintank(stack, "order", "live-1")
    assert "FILLED" in life
    assert "11.6" in life
    found = quotes(stack)
    assert (found[-1].bid, found[-1].ask) == (None, None), "at the end nothing may trade on it"
    times = [quote.time_us for quote in found]
    assert times == sorted(times)
    replayed = fintank(stack, "replay", str(to))
    assert f"{len(found):,} ticks in" in replayed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mars", "X"), "There is no feed 'mars': choose one of binance, coinbase"),
        (("binance", "X", "--url", "nonsense"), "is no address of a websocket"),
        (("binance", "X", "--seconds", "never"), "--seconds never: must be a number"),
    ],
)
def test_what_can_not_be_recorded_is_one_line(stack: Stack, words: tuple[str, ...], message: str) -> None:
    done = run_fintank(stack, "record", *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_venue_that_is_not_there_or_refuses_is_one_line(stack: Stack, venue: WebsocketVenue) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        url = f"ws://localhost:{taken.getsockname()[1]}"
    done = run_fintank(stack, "record", "binance", "X", "--url", url)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "can't be reached" in done.stderr
    venue.greeting = [
        json.dumps({"type": "error", "message": "Failed", "reason": "X is not a valid product"})
    ]
    done = run_fintank(stack, "record", "coinbase", "X", "--url", venue.url)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "X is not a valid product" in done.stderr
