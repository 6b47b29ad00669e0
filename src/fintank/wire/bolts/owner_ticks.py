"""Ticks on their way to the rule engine: lines for each owner of symbols, read there as quotes.

    IVE  NASDAQ  1438539936355217  42  93.97388  94.190756
    IVE  NYSE    1438539936355217  43  93.97388  -  100  -

A line holds, with tabs between them, symbol, exchange, time in microseconds (the tick's own, or its append
time if that is earlier), the record's offset, bid and ask, and then bid_size and ask_size if there is one.
`-` stands for an empty side or for a size that is not given. Numbers keep their text. This is the hot path:
whole columns go through C functions, unless only some of the lines have sizes.
"""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import compress, repeat

from fintank.trading.messages import Quote
from fintank.wire.kafka.tick_record import NOTHING
from fintank.wire.kafka.ticks import TickBatch

_PLAIN, _SIZED = 6, 8

# Quote(...) would run Python code for every tick.
_quote = partial(tuple.__new__, Quote)


def by_owner(batch: TickBatch, owner_of: Callable[[str], int], owners: int) -> list[str]:
    """Write the ticks of a batch for each owner; owner_of returns the owner of a symbol."""
    owned_by = list(map(owner_of, batch.symbols)) if owners else []
    return ["\n".join(compress(batch.quotes, map(owner.__eq__, owned_by))) for owner in range(owners)]


def quotes(partition: int, lines: str) -> list[Quote]:
    """Read the lines of one tuple of the stream by_owner; ValueError if a line has another form."""
    return _quotes(partition, lines) if lines else []


def _quotes(partition: int, lines: str) -> list[Quote]:
    line_count = lines.count("\n") + 1
    values = lines.replace("\n", "\t").split("\t")
    for width in (_PLAIN, _SIZED):
        if len(values) == width * line_count:
            return _uniform(partition, values, width)
    if line_count == 1:
        raise ValueError(f"by_owner: not a tick: {lines[:200]!r}")
    return [quote for line in lines.split("\n") for quote in _quotes(partition, line)]


def _uniform(partition: int, values: list[str], width: int) -> list[Quote]:
    """Make quotes of lines that all have this width."""
    symbols, exchanges, times_us, offsets, bids, asks, *sizes = (
        values[column::width] for column in range(width)
    )
    numbers = [*map(_numbers, (bids, asks, *sizes)), *([] if sizes else [repeat(None), repeat(None)])]
    integers = (map(int, times_us), repeat(partition), map(int, offsets))
    columns = (symbols, exchanges, *integers, *numbers)
    return list(map(_quote, zip(*columns, strict=False)))


def _numbers(texts: list[str]) -> Iterable[str | None]:
    return [None if text == NOTHING else text for text in texts] if NOTHING in texts else texts
