"""invoke watch in a real terminal: tmux runs it, and its screen is read."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.core_engine import CoreEngine
from support.stack import BIN, Stack, fintank

from fintank.waiting import wait_until

pytestmark = pytest.mark.usefixtures("topics")

Screen = Callable[[], str]


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
    assert "A-1001" in fintank(stack, "watch")
