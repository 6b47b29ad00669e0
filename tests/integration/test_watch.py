"""invoke watch in a real terminal: tmux runs it, and its screen is read."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from support.core_engine import CoreEngine
from support.stack import BIN, Stack, fintank

from fintank.adapters.topic_reader import open_reader
from fintank.waiting import sleep_until, wait_until

pytestmark = pytest.mark.usefixtures("topics")

Screen = Callable[[], str]

TRADES_PER_SECOND = 1_000
SENDING_SECONDS = 8
STALE_SECONDS_MAX = 3


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Use services of its own: orders that other tests left open would fill with these ticks, too."""
    return empty_stack


@pytest.fixture
def traded(stack: Stack, engine: CoreEngine) -> None:
    fintank(stack, "queue_ticks", "--count", "300", "--span", "1s", "--seed", "1")
    fintank(
        stack,
        "send_order",
        "--symbol",
        "IVE",
        "--side",
        "BUY",
        "--qty",
        "12.5",
        "--id",
        "seen",
        "--wait",
        "0",
    )
    engine.decide()


@pytest.fixture
def terminal(stack: Stack, tmp_path: Path) -> Iterator[Callable[[int], Screen]]:
    """Start `invoke watch` on a terminal of so many columns; the result reads its screen."""
    socket = tmp_path / "tmux"

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", str(socket), "-f", "/dev/null", *words]
        return subprocess.run(command, env=stack.environ, check=True, capture_output=True, text=True).stdout

    def start(columns: int) -> Screen:
        tmux("new-session", "-d", "-x", str(columns), "-y", "48", f"{BIN}/invoke watch; read -r _")
        return lambda: tmux("capture-pane", "-p")

    yield start
    subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)


def rows_of(text: str) -> list[set[str]]:
    """Return the words of each row of a screen."""
    return [{*line.split()} for line in text.splitlines()]


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize("columns", [80, 200])
def test_the_screen_has_prices_fills_orders_and_positions(
    terminal: Callable[[int], Screen], columns: int
) -> None:
    screen = terminal(columns)
    wanted = ({"IVE", "BUY", "12.5"}, {"A-1001", "IVE", "12.5"}, {"seen", "NEW"}, {"VTI", "2"})

    def is_complete(text: str) -> bool:
        rows = rows_of(text)
        return all(any(words <= row for row in rows) for words in wanted)

    text = wait_until(screen, 30, is_done=is_complete)
    assert is_complete(text), text
    rows = rows_of(text)
    assert any({"IVE", "BUY", "12.5", venue} <= row for row in rows for venue in ("NYSE", "NASDAQ"))
    assert {"Prices", "Fills", "Orders", "Positions"} <= {word.strip("┌┐─┬") for row in rows for word in row}
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.usefixtures("traded")
def test_without_a_terminal_it_is_printed_once(stack: Stack) -> None:
    text = fintank(stack, "watch")
    assert {"Prices", "Fills", "Orders", "Positions"} <= {word for row in rows_of(text) for word in row}
    assert re.search(r"\bIVE +[0-9.]+ +[0-9.]+", text), text


def latest_price(text: str) -> int:
    """Return the price in the first row of the fills; 0 if it is of no trade that the test sent."""
    found = re.search(r"\bseen +IVE +BUY +12\.5 +(\d+) ", text)
    return int(found[1]) if found else 0


@pytest.mark.usefixtures("traded")
def test_a_thousand_trades_a_second_leave_the_screen_current(
    stack: Stack, terminal: Callable[[int], Screen]
) -> None:
    with open_reader(stack.settings.kafka, "executions") as reader:
        reports = [json.loads(record.value or b"") for record in reader.last(100, reader.ends())]
    trade = next(
        report for report in reports if report["exec_type"] == "TRADE" and report["cl_ord_id"] == "seen"
    )
    screen = terminal(200)
    wait_until(screen, 30, is_done=lambda text: "12.5" in text)
    producer = Producer({"bootstrap.servers": stack.settings.kafka, "linger.ms": 5})
    started, behind = time.monotonic(), []
    for half_second in range(1, 2 * SENDING_SECONDS + 1):
        sent = half_second * TRADES_PER_SECOND // 2
        for price in range(sent - TRADES_PER_SECOND // 2 + 1, sent + 1):
            producer.produce("executions", json.dumps(trade | {"last_px": str(price)}), "seen")
        producer.flush()
        sleep_until(started + half_second / 2)
        behind.append(sent - latest_price(screen()))
    text = wait_until(screen, STALE_SECONDS_MAX, is_done=lambda text: latest_price(text) == sent)
    assert latest_price(text) == sent, text
    assert max(behind) <= STALE_SECONDS_MAX * TRADES_PER_SECOND, behind
