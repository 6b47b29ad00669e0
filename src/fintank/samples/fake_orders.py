"""Made-up orders. Pure: no clock, no I/O."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from fintank.trading.messages import CASH, ComponentSpec, Side
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

ACCOUNTS = tuple(f"A-{number}" for number in range(1001, 1009))
COMPONENTS_MIN = 2
COMPONENTS_MAX = 5
CASH_EVERY = 4
SELL_EVERY = 3
PRIORITY_2_EVERY = 4
AMOUNT_CENTS = (100_00, 100_000_00)
SHARES_MAX = 100
_CENT = Decimal("0.01")
_WEIGHT_UNITS = 1_000


class FakePortfolioOrder(NamedTuple):
    """A portfolio order without its time."""

    order_id: str
    account: str
    side: Side
    amount: Decimal
    portfolio: tuple[ComponentSpec, ...]
    priority: int

    def record(self, time_us: int) -> tuple[str, bytes]:
        """Return the key and value of its record."""
        return self.account, orders.to_json(MsgType.PORTFOLIO_ORDER, **self._asdict(), time_us=time_us)


class FakeMarketOrder(NamedTuple):
    """A market order for a quantity, without its time."""

    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    order_qty: Decimal

    def record(self, time_us: int) -> tuple[str, bytes]:
        """Return the key and value of its record."""
        return self.account, orders.to_json(MsgType.ORDER, **self._asdict(), time_us=time_us)


def call_name(kind: str, now_us: int) -> str:
    """Name one call of a command after its time, so that calls never share order ids."""
    moment = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    return f"{kind}-{moment:%Y%m%d-%H%M%S}-{now_us % 1_000_000:06d}"


def portfolio_orders(
    seed: int | str | None, symbols: Sequence[str], count: int, name: str
) -> Iterator[FakePortfolioOrder]:
    """Yield `count` portfolio orders with the order_ids `name-1`, `name-2`, ...

    The same seed and symbols give the same orders except for their ids. Each has two to five of the symbols,
    one in four CASH, with weights that sum to 1; every third is a SELL, every fourth has priority 2.
    """
    choices = random.Random(seed)
    for number in range(1, count + 1):
        yield FakePortfolioOrder(
            order_id=f"{name}-{number}",
            account=choices.choice(ACCOUNTS),
            side=Side.SELL if number % SELL_EVERY == 0 else Side.BUY,
            amount=choices.randint(*AMOUNT_CENTS) * _CENT,
            portfolio=_portfolio(choices, symbols),
            priority=2 if number % PRIORITY_2_EVERY == 0 else 1,
        )


def market_orders(symbols: Sequence[str], count: int, name: str) -> Iterator[FakeMarketOrder]:
    """Yield `count` orders with the cl_ord_ids `name-1`, `name-2`, ..., cycling through the symbols."""
    choices = random.Random(name)
    for number in range(1, count + 1):
        yield FakeMarketOrder(
            cl_ord_id=f"{name}-{number}",
            account=choices.choice(ACCOUNTS),
            symbol=symbols[number % len(symbols)],
            side=choices.choice((Side.BUY, Side.SELL)),
            order_qty=Decimal(choices.randint(1, SHARES_MAX)),
        )


def _portfolio(choices: random.Random, names: Sequence[str]) -> tuple[ComponentSpec, ...]:
    has_cash = choices.randrange(CASH_EVERY) == 0
    most = min(COMPONENTS_MAX - has_cash, len(names))
    chosen = choices.sample(names, choices.randint(COMPONENTS_MIN, most)) + [CASH] * has_cash
    cuts = sorted(choices.sample(range(1, _WEIGHT_UNITS), len(chosen) - 1))
    edges = [0, *cuts, _WEIGHT_UNITS]
    return tuple(
        ComponentSpec(symbol, Decimal(end - start) / _WEIGHT_UNITS)
        for symbol, start, end in zip(chosen, edges[:-1], edges[1:], strict=True)
    )
