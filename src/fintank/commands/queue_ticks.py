"""invoke queue_ticks: made-up ticks."""

import time
from collections.abc import Iterator

from invoke.context import Context

from fintank import settings
from fintank.commands import command
from fintank.errors import FintankError
from fintank.samples import fake_ticks
from fintank.samples.replay import sleep_until
from fintank.samples.sending import make_topics, send
from fintank.terminal.options import positive_number, span_us, whole_number
from fintank.terminal.progress import counted
from fintank.wire.kafka.ticks import EARLIEST_US

SYMBOLS_MAX = 100_000
DEFAULT_SPAN = "1h"


@command(
    help={
        "count": "how many ticks",
        "seed": "the same seed sends the same quotes",
        "symbols": "how many symbols: VTI, IVE, IWS, then made-up ones",
        "rate": "ticks per second, sent in real time; default: at once",
        "span": f"the times fill this span up to now: 30s, 15m, 1h, 1d; default {DEFAULT_SPAN}",
    }
)
def queue_ticks(
    _context: Context,
    count: str = "100000",
    seed: str | None = None,
    symbols: str = "3",
    rate: str | None = None,
    span: str | None = None,
) -> None:
    """Send fake ticks to Kafka, as in: invoke queue_ticks --count 500000 --seed 7"""
    total = whole_number("--count", count)
    symbol_count = whole_number("--symbols", symbols, maximum=SYMBOLS_MAX)
    if rate is None:
        span = span or DEFAULT_SPAN
        length_us = span_us("--span", span)
        if length_us < total:
            raise FintankError(f"--span {span}: has fewer microseconds than ticks: name a longer one")
        if time.time_ns() // 1000 - length_us < EARLIEST_US:
            raise FintankError(
                f"--span {span}: begins before 1990, where ticks are rejected: name a shorter one"
            )
        times_us = fake_ticks.times_over_span_us(total, length_us, time.time_ns() // 1000, seed)
    elif span is None:
        times_us = _paced_times_us(total, positive_number("--rate", rate))
    else:
        raise FintankError("--span has no meaning with --rate, which sends in real time: leave one out")

    address = settings.load().kafka
    print(f"Seeding Kafka ({address}) topic 'ticks' with {counted(total, 'fake tick')}.", flush=True)
    make_topics(address)
    send(address, "ticks", "tick", fake_ticks.records(seed, symbol_count, times_us), total)
    print("Done.")


def _paced_times_us(count: int, rate: float) -> Iterator[int]:
    """Yield `count` increasing times, each when its moment has come; late ones follow at once."""
    start = time.monotonic()
    last_us = 0
    for number in range(count):
        sleep_until(start + number / rate)
        last_us = max(time.time_ns() // 1000, last_us + 1)
        yield last_us
