"""invoke queue_ticks: send made-up ticks."""

import time
from collections.abc import Iterator

from fintank.commands import command
from fintank.errors import FintankError
from fintank.samples import fake_ticks
from fintank.samples.produce import make_topics, send
from fintank.settings import Settings
from fintank.terminal.options import positive_number, span_us, whole_number
from fintank.terminal.texts import counted
from fintank.waiting import now_us, sleep_until
from fintank.wire.kafka.records import EARLIEST_US

DEFAULT_SPAN = "1h"


@command(
    help={
        "count": "number of ticks",
        "seed": "the same seed sends the same quotes",
        "symbols": "number of symbols: VTI, IVE, IWS, then made-up ones",
        "rate": "ticks per second, sent in real time; default: all at once",
        "span": f"spread the timestamps over this span until now: 30s, 15m, 1h, 1d; default: {DEFAULT_SPAN}",
    }
)
def queue_ticks(
    settings: Settings,
    *,
    count: str = "100000",
    seed: str | None = None,
    symbols: str = "3",
    rate: str | None = None,
    span: str | None = None,
) -> None:
    """Send fake ticks to Kafka.

    Example: invoke queue_ticks --count 500000 --seed 7
    """
    total = whole_number("--count", count)
    symbol_count = whole_number("--symbols", symbols, maximum=fake_ticks.SYMBOLS_MAX)
    if rate is None:
        span = span or DEFAULT_SPAN
        length_us = span_us("--span", span)
        if length_us < total:
            raise FintankError(
                f"--span {span}: has fewer microseconds than there are ticks: choose a longer one"
            )
        if now_us() - length_us < EARLIEST_US:
            raise FintankError(
                f"--span {span}: starts before 1990, and such ticks are rejected: choose a shorter one"
            )
        times_us = fake_ticks.times_over_span_us(total, length_us, now_us(), seed)
    elif span is None:
        times_us = _paced_times_us(total, positive_number("--rate", rate))
    else:
        raise FintankError("--span and --rate exclude each other: --rate sends in real time; leave one out")

    print(f"Seeding Kafka ({settings.kafka}) topic 'ticks' with {counted(total, 'fake tick')}.", flush=True)
    make_topics(settings.kafka)
    send(settings.kafka, "ticks", "tick", fake_ticks.records(seed, symbol_count, times_us), total)
    print("Done.")


def _paced_times_us(count: int, rate: float) -> Iterator[int]:
    """Yield `count` increasing times, each when it is due; late ones follow at once."""
    start = time.monotonic()
    last_us = 0
    for number in range(count):
        sleep_until(start + number / rate)
        last_us = max(now_us(), last_us + 1)
        yield last_us
