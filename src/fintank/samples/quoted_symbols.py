"""The symbols that made-up orders can trade."""

from collections.abc import Sequence

from fintank.adapters.kafka_scan import open_scanner
from fintank.samples.fake_ticks import NAMED_SYMBOLS, symbol_names
from fintank.trading.limits import Limits
from fintank.waiting import now_us
from fintank.wire.kafka import quote_json

SYMBOLS_MIN = 2
RECENT_TICKS_MAX = 1_000


def quoted_symbols(address: str, limits: Limits) -> list[str]:
    """Return the symbols of the latest ticks that are younger than max_quote_age_ms."""
    oldest_ms = (now_us() - limits.max_quote_age_us) // 1000
    symbols = set()
    with open_scanner(address, "ticks") as scanner:
        for record in scanner.last(RECENT_TICKS_MAX, scanner.ends()):
            if record.value is not None and record.time_ms >= oldest_ms:
                try:
                    text = record.value.decode()
                    symbols.add(quote_json.from_json(text, record.partition, record.offset).symbol)
                except ValueError:
                    continue  # not a tick: the topic rejects has it
    return sorted(symbols)


def quoted_or_named(quoted: Sequence[str]) -> Sequence[str]:
    """Return the quoted symbols, or the three named ones where too few are quoted: their orders wait."""
    return quoted if len(quoted) >= SYMBOLS_MIN else symbol_names(len(NAMED_SYMBOLS))
