"""Made-up orders. Pure: no clock, no I/O."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from fintank.trading.messages import CASH, ComponentSpec, Side

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
    """What a portfolio order says, but for its time."""

    order_id: str
    account: str
    side: Side
    amount: Decimal
    portfolio: tuple[ComponentSpec, ...]
    priority: int


class FakeMarketOrder(NamedTuple):
    """What a market order for a quantity says, but for its time."""

    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    order_qty: Decimal


def call_name(kind: str, now_us: int) -> str:
    """Name one call of a command by its moment, so that no other call's orders have the same ids."""
    moment = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    return f"{kind}-{moment:%Y%m%d-%H%M%S}-{now_us % 1_000_000:06d}"


def portfolio_orders(
    seed: int | str | None, symbols: Sequence[str], count: int, name: str
) -> Iterator[FakePortfolioOrder]:
    """Yield `count` portfolio orders with the order_ids `name-1`, `name-2`, ...

    The same seed and symbols give the same orders but for their ids. Each has two to five of the symbols, one
    in four CASH, with weights that sum to 1; every third is a SELL, every fourth has priority 2.
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
    """Yield `count` orders with the cl_ord_ids `name-1`, `name-2`, ..., over these symbols in turn."""
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
    parts = [end - start for start, end in zip([0, *cuts], [*cuts, _WEIGHT_UNITS], strict=True)]
    return tuple(
        ComponentSpec(symbol, Decimal(part) / _WEIGHT_UNITS)
        for symbol, part in zip(chosen, parts, strict=True)
    )
