"""Made-up ticks: seeded random walks in cents, quoted by two venues. Pure: no clock, no I/O."""

import random
from collections.abc import Iterable, Iterator

from fintank.wire.kafka.tick_json import tick_of_numbers

NAMED_SYMBOLS = (("VTI", 110_00), ("IVE", 94_00), ("IWS", 74_00))
"""Symbols and the prices, in cents, at which their walks start."""
SYMBOLS_MAX = 100_000
EXCHANGES = ("NYSE", "NASDAQ")
MADE_UP_CENTS = (10_00, 500_00)
DRIFT_MAX = 5
"""A walk stays within 1/DRIFT_MAX of its start."""

_STEPS = (-1, 0, 0, 1)
_BELOW = (0, 0, 0, 1, 1, 1, 2, 3)
_ABOVE = (1, 1, 1, 2, 2, 2, 3, 4)


def records(seed: int | str | None, symbols: int, times_us: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Yield (symbol, JSON record), one per time. The same seed and symbols give the same quotes."""
    for (symbol, exchange, bid, ask), time_us in zip(quotes(seed, symbols), times_us, strict=False):
        yield symbol, tick_of_numbers(symbol, exchange, _dollars(bid), _dollars(ask), time_us)


def quotes(seed: int | str | None, symbols: int) -> Iterator[tuple[str, str, int, int]]:
    """Yield (symbol, exchange, bid cents, ask cents) forever; without a seed, different ones each time.

    A symbol's price walks by at most a cent from quote to quote. Spreads are 1 to 7 cents around it, mostly
    2 or 3, so quotes of the two venues seldom cross.
    """
    random_bits = random.Random(seed)
    names = symbol_names(symbols)
    starts = [cents for _, cents in NAMED_SYMBOLS[:symbols]]
    starts += [random_bits.randint(*MADE_UP_CENTS) for _ in range(len(starts), symbols)]
    prices = list(starts)
    while True:
        bits = random_bits.getrandbits(48)  # one call per quote, cut into its five choices
        number = (bits >> 9) % symbols
        price = prices[number] + _STEPS[bits & 3]
        if abs(price - starts[number]) * DRIFT_MAX <= starts[number]:
            prices[number] = price
        price = prices[number]
        bid, ask = price - _BELOW[bits >> 3 & 7], price + _ABOVE[bits >> 6 & 7]
        yield names[number], EXCHANGES[bits >> 2 & 1], bid, ask


def times_over_span_us(count: int, span_us: int, now_us: int, seed: int | str | None) -> Iterator[int]:
    """Yield `count` increasing times, one in each of `count` equal slots of the span that ends now."""
    jitter = random.Random(seed)
    start_us = now_us - span_us
    low = 0
    for number in range(1, count + 1):
        high = number * span_us // count
        yield start_us + low + int(jitter.random() * (high - low))
        low = high


def symbol_names(count: int) -> list[str]:
    """Return the first `count` symbols: the named ones, then made-up ones."""
    names = [name for name, _ in NAMED_SYMBOLS[:count]]
    return names + [f"FAKE{number}" for number in range(len(names) + 1, count + 1)]


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
