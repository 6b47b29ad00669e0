"""The factories as fixtures, and a market of several quotes."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import factories
import pytest

from fintank.trading import effects
from fintank.trading.depth import Depth, Sizes
from fintank.trading.limits import Limits
from fintank.trading.messages import Cancel, Order, PortfolioOrder, Quote
from fintank.trading.order_book import OrderBook
from fintank.trading.shard import Shard
from fintank.trading.timers import Timers

POPS_MAX = 500_000


@pytest.fixture(scope="session")
def quote() -> Callable[..., Quote]:
    return factories.quote


@pytest.fixture(scope="session")
def order() -> Callable[..., Order]:
    return factories.order


@pytest.fixture(scope="session")
def cancel() -> Callable[..., Cancel]:
    return factories.cancel


@pytest.fixture(scope="session")
def portfolio_order() -> Callable[..., PortfolioOrder]:
    return factories.portfolio_order


@pytest.fixture(scope="session")
def market() -> Callable[..., Depth]:
    """market(("93", "94"), ("92", "95", {"ask_size": "7"})): a quote of A, then one of B, a second later."""

    def make(*quotes: tuple[Any, ...]) -> Depth:
        made = []
        for number, (bid, ask, *given) in enumerate(quotes):
            sizes = given[0] if given else {}
            venue = {"exchange": "ABCDEF"[number], "at": number, "offset": number}
            made.append(factories.quote(bid, ask, **venue, **sizes))
        return Depth((each, Sizes(Decimal(0), Decimal(0))) for each in made)

    return make


@pytest.fixture
def shard() -> Shard:
    return Shard(Limits(max_quote_age_us=3_600_000_000))


@pytest.fixture(autouse=True)
def timers_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail instead of looping, if a timer that is not due yet comes up again and again."""
    pop, calls = Timers.pop, count()

    def counted(timers: Timers, *given: Any) -> tuple[float, str] | None:
        assert next(calls) < POPS_MAX, "the timers have no end"
        return pop(timers, *given)

    monkeypatch.setattr(Timers, "pop", counted)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The symbol of each step that is done."""
    done: list[str] = []
    step = effects.step

    def counted(orders: OrderBook, *rest: Any) -> Any:
        done.append(orders.symbol)
        return step(orders, *rest)

    monkeypatch.setattr(effects, "step", counted)
    return done
