"""invoke watch: prices, orders, fills and positions, live in the terminal."""

import time

from rich.live import Live

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.options import positive_number
from fintank.terminal.screen import console
from fintank.waiting import now_us, sleep_until
from fintank.watch.board import Board
from fintank.watch.panels_view import view
from fintank.watch.topics_feed import open_feed

REFRESH_SECONDS = 0.5
PLAIN_CHARS = 120
PLAIN_LINES = 40


@command(help={"seconds": "stop after this many seconds; default: run until Ctrl-C"})
def watch(settings: Settings, seconds: str | None = None) -> None:
    """Show prices, orders, fills and positions live; once if not on a terminal.

    Example: invoke watch
    """
    limit_s = None if seconds is None else positive_number("--seconds", seconds)
    screen = console()
    board = Board(rules_file.load(settings).instruments.allows_negative)
    make_topics(settings.kafka)
    with open_feed(settings.kafka, board) as feed:
        feed.refresh()
        if not screen.is_terminal:
            time.sleep(REFRESH_SECONDS)
            feed.refresh()
            screen.size = (PLAIN_CHARS, PLAIN_LINES)
            screen.print(view(board, PLAIN_CHARS, PLAIN_LINES, now_us()))
            return
        started = time.monotonic()
        with Live(console=screen, screen=True, auto_refresh=False) as live:
            while limit_s is None or time.monotonic() - started < limit_s:
                next_at = time.monotonic() + REFRESH_SECONDS
                live.update(view(board, *screen.size, now_us()), refresh=True)
                feed.refresh()
                sleep_until(next_at)
