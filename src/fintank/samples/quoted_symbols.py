"""The symbols that made-up orders can trade."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from fintank.adapters.topic_reader import open_reader
from fintank.samples.fake_ticks import NAMED_SYMBOLS, symbol_names
from fintank.trading.instruments import Instruments
from fintank.trading.limits import Limits
from fintank.waiting import now_us
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import messages

SYMBOLS_MIN = 2
RECENT_TICKS_MAX = 1_000


def quoted_symbols(address: str, limits: Limits) -> list[str]:
    """Return the symbols of the latest ticks that are younger than max_quote_age_ms."""
    oldest_ms = (now_us() - limits.max_quote_age_us) // 1000
    with open_reader(address, "ticks") as reader:
        latest = reader.last(RECENT_TICKS_MAX, reader.ends())
    recent = (record for record in latest if record.time_ms >= oldest_ms)
    read = partial(tick_json.from_record, allows_negative=limits.instruments.allows_negative)
    return sorted({quote.symbol for _, quote in messages(recent, read)})


def of_one_currency(symbols: Sequence[str], instruments: Instruments) -> list[str]:
    """Return the symbols of the currency that most have: a portfolio order can't mix currencies."""
    by_currency: dict[str, list[str]] = defaultdict(list)
    for symbol in symbols:
        by_currency[instruments.of(symbol).currency].append(symbol)
    return max(by_currency.values(), key=len, default=[])


def quoted_or_named(quoted: Sequence[str]) -> Sequence[str]:
    """Return the quoted symbols, or the three named ones where too few are quoted: their orders wait."""
    return quoted if len(quoted) >= SYMBOLS_MIN else symbol_names(len(NAMED_SYMBOLS))
