"""Ticks on their way to the rule engine: lines for each owner of symbols, and the quotes of such lines.

    bid_ask,exchange=NASDAQ,symbol=IVE bid=93.97388,ask=94.190756 1438539936355217042 0 42 1438539936355217

A line is the tick's line of InfluxDB's line protocol, then the record's partition and offset and the tick's
time in microseconds, each after a space. Numbers stay text. This is the hot path: whole columns go through C
functions, unless the lines differ in their sizes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import compress, repeat

import orjson

from fintank.trading.messages import Quote
from fintank.wire.offsets import parse_offsets
from fintank.wire.ticks import TickBatch

_NAMES_KEPT_MAX = 65_536
_PLAIN = (" bid=", ",ask=")
_SIZED = (*_PLAIN, ",bid_size=", ",ask_size=")
_OTHERS = 5  # prefix, nanoseconds, partition, offset, microseconds

# Quote(...) runs Python code, this does not.
_quote = partial(tuple.__new__, Quote)


def by_owner(partition: int, batch: TickBatch, owner_of: Callable[[str], int]) -> dict[int, str]:
    """Write the ticks of a batch for each owner that has any; owner_of gives the owner of a symbol."""
    lines = batch.lines.split("\n")
    columns = (repeat(str(partition)), _texts(parse_offsets(batch.offsets)), _texts(batch.times_us))
    texts = list(map(" ".join, zip(lines, *columns, strict=False)))
    owners = list(map(owner_of, batch.symbols))
    return {owner: "\n".join(compress(texts, map(owner.__eq__, owners))) for owner in sorted(set(owners))}


def quotes(lines: str) -> list[Quote]:
    """Read the lines of one tuple of the stream by_owner; ValueError when one is not of that form."""
    line_count = lines.count("\n") + 1
    size_counts = {lines.count(name) for name in _SIZED[2:]}
    if size_counts == {0}:
        return _uniform(lines, line_count, _PLAIN)
    if size_counts == {line_count}:
        return _uniform(lines, line_count, _SIZED)
    return [quote for line in lines.split("\n") for quote in _uniform(line, 1, _fields(line))]


def _texts(numbers: list[int]) -> list[str]:
    return orjson.dumps(numbers).decode()[1:-1].split(",")


def _fields(line: str) -> tuple[str, ...]:
    return tuple(name for name in _SIZED if name in line)


def _uniform(lines: str, line_count: int, names: Sequence[str]) -> list[Quote]:
    """Read lines that all have these fields."""
    text = lines.replace("\n", " ")
    for name in names:
        text = text.replace(name, " ")
    parts = text.split(" ")
    width = len(names) + _OTHERS
    if len(parts) != width * line_count:
        raise ValueError(f"by_owner: {line_count} ticks with{','.join(names)} expected, not {lines[:200]!r}")
    prefixes, *numbers, _, partitions, offsets, times_us = (parts[column::width] for column in range(width))
    symbols, exchanges = zip(*map(_names, prefixes), strict=True)
    found = dict(zip(names, numbers, strict=True))
    columns = [found.get(name) or repeat(None) for name in _SIZED]
    integers = (map(int, times_us), map(int, partitions), map(int, offsets))
    return list(map(_quote, zip(symbols, exchanges, *integers, *columns, strict=False)))


@lru_cache(_NAMES_KEPT_MAX)
def _names(prefix: str) -> tuple[str, str]:
    """The symbol and the exchange of `bid_ask,exchange=NASDAQ,symbol=IVE`."""
    _, exchange, symbol = prefix.split(",")
    return symbol.removeprefix("symbol="), exchange.removeprefix("exchange=")
