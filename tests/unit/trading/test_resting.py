"""Only what a quote touches is looked at."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fintank.trading import shard as shard_module
from fintank.trading.limits import Limits
from fintank.trading.messages import Side
from fintank.trading.orders import WorkingOrder
from fintank.trading.resting import Group, GroupKey, OpenOrders, SortedSeqs
from fintank.trading.shard import Shard

Make = Callable[..., Any]
SECOND = 1_000_000
WALL = 10**15


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The symbol of each step that is done."""
    done: list[str] = []
    step = shard_module.step

    def counted(orders: OpenOrders, *rest: Any) -> Any:
        done.append(orders.symbol)
        return step(orders, *rest)

    monkeypatch.setattr(shard_module, "step", counted)
    return done


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many orders each asking for those that would trade at a price gave."""
    counts: list[int] = []
    taking_part = Group.taking_part

    def counted(self: Group, price: Decimal) -> list[int]:
        found = taking_part(self, price)
        counts.append(len(found))
        return found

    monkeypatch.setattr(Group, "taking_part", counted)
    return counts


def resting(order: Make, quote: Make, count: int = 1_000, **given: Any) -> Shard:
    """A shard with limit orders, BUY at 50 to 59.9.. and SELL at 150 to 159.9.., and a market of 99 / 101."""
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), WALL)
    for number in range(count):
        side, price = ("BUY", 50) if number % 2 else ("SELL", 150)
        shard.on_order(
            order("1", side=side, price=str(price + Decimal(number) / 100), cl_ord_id=f"o-{number}", **given),
            WALL,
        )
    shard.on_quote(quote("99", "101", offset=1), WALL)
    return shard


@pytest.mark.parametrize("given", [{}, {"priority": 2}])
def test_a_quote_that_touches_no_order_leads_to_no_step(
    order: Make, quote: Make, steps: list[str], given: dict[str, Any]
) -> None:
    shard = resting(order, quote, **given)
    if given:  # the window of a block ends meanwhile
        shard.on_quote(quote("99", "101", at=2, offset=2), WALL + 2 * SECOND)
    steps.clear()
    for offset in range(3, 500):
        assert shard.on_quote(quote("98", "102", at=2, offset=offset), WALL + 2 * SECOND) is None
    assert steps == []
    assert shard.on_second(WALL + 2 * SECOND).reports == ()
    assert steps == []


def test_a_quote_looks_at_the_orders_that_it_touches_alone(
    order: Make, quote: Make, looked_at: list[int]
) -> None:
    shard = resting(order, quote)
    looked_at.clear()
    outcome = shard.on_quote(quote("40", "59.9", offset=2), WALL)
    assert outcome is not None
    assert [report.cl_ord_id for report in outcome.reports] == ["o-991", "o-993", "o-995", "o-997", "o-999"]
    assert looked_at == [5, 0]


def test_the_end_of_an_order_and_the_age_of_a_quote_are_waited_for(
    order: Make, quote: Make, steps: list[str]
) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), WALL)
    shard.on_order(order("1", price="50", tif="GTD", ends=100), WALL)
    steps.clear()
    assert shard.on_second(WALL + 99 * SECOND).reports == ()
    assert steps == []
    assert [report.exec_type for report in shard.on_second(WALL + 100 * SECOND).reports] == ["EXPIRED"]
    assert steps == ["IVE"]
    shard.on_order(order("1", price="50", cl_ord_id="o-2"), WALL + 100 * SECOND)
    steps.clear()
    assert shard.on_second(WALL + 3_600 * SECOND).reports == ()
    assert steps == []
    shard.on_second(WALL + 3_600 * SECOND + 1)
    assert steps == ["IVE"]


def test_orders_are_found_by_price_and_removed_alone() -> None:
    seqs: SortedSeqs[int] = SortedSeqs()
    assert (bool(seqs), seqs.first, seqs.last) == (False, None, None)
    for key, seq in ((7, 3), (5, 4), (7, 1), (9, 2)):
        seqs.add(key, seq)
    assert (bool(seqs), seqs.first, seqs.last) == (True, 5, 9)
    assert (seqs.up_to(4), seqs.up_to(5), seqs.up_to(7), seqs.up_to(8)) == ([], [4], [4, 1, 3], [4, 1, 3])
    assert (seqs.from_(9), seqs.from_(7), seqs.from_(8), seqs.from_(10)) == ([2], [1, 3, 2], [2], [])
    seqs.remove(7, 1)
    assert seqs.up_to(9) == [4, 3, 2]


@pytest.mark.parametrize(
    ("side", "price", "part"),
    [
        ("BUY", "10", [0, 1, 2, 3]),
        ("BUY", "10.5", [0, 2, 3]),
        ("BUY", "12", [0]),
        ("SELL", "10.5", [0, 1, 2]),
    ],
)
def test_a_groups_limits_say_who_takes_part(order: Make, side: str, price: str, part: list[int]) -> None:
    group = Group(GroupKey(2, Side(side)))
    limits = {0: None, 1: "10", 2: "10.5", 3: "11"}
    for seq in (3, 0, 2, 1):
        limit = limits[seq]
        made = order("1", side=side) if limit is None else order("1", side=side, price=limit)
        group.add(WorkingOrder(made, seq, accepted_us=0, end_us=None, is_checked=True))
    assert group.taking_part(Decimal(price)) == part
