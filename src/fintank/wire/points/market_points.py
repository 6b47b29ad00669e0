"""What the rule engine knows of the market: points of the measurements reference_price and quote_faults.

    reference_price,symbol=IVE collar_high=103.4,collar_low=84.6,price=94 1438539936355217000
    quote_faults,fault=silent,rank=1,task=9 symbol="IVE",exchanges="NYSE",exchange_count=1i,lasted_ms=7200i

The time of a reference price is that of the symbol's latest tick, as in bid_ask; that of a fault is the time
of processing. A faulty symbol is a field: as a tag, each symbol that was ever faulty would be a series.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from fintank.trading.collar import Collar
from fintank.trading.quote_faults import FaultySymbol
from fintank.wire.points.line_protocol import point

REFERENCE_PRICE = "reference_price"
QUOTE_FAULTS = "quote_faults"
EXCHANGES_NAMED_MAX = 5


def reference_line(symbol: str, price: Decimal, market_collar: Decimal, time_us: int) -> str:
    """Write a symbol's reference price and the ends of its collar."""
    collar = Collar(price, market_collar)
    fields = {"collar_high": collar.highest, "collar_low": collar.lowest, "price": price}
    return point(REFERENCE_PRICE, {"symbol": symbol}, fields, time_us * 1000)


def fault_lines(fault: str, task: int, second: int, worst: Iterable[FaultySymbol]) -> Iterator[str]:
    """Write the worst symbols of a task that are `crossed` or have `silent` exchanges, the worst first."""
    for rank, found in enumerate(worst, 1):
        fields: dict[str, str | int] = {
            "symbol": found.symbol,
            "exchanges": ", ".join(found.exchanges[:EXCHANGES_NAMED_MAX]),
            "exchange_count": len(found.exchanges),
            "lasted_ms": found.lasted_us // 1000,
        }
        tags = {"fault": fault, "rank": str(rank), "task": str(task)}
        yield point(QUOTE_FAULTS, tags, fields, second * 1_000_000_000)
