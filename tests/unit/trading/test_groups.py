"""Who of a group trades at a price, and in which order."""

from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import Any

import pytest

from fintank.trading.groups import Group, GroupKey
from fintank.trading.messages import Side
from fintank.trading.working_order import WorkingOrder

Make = Callable[..., Any]


def working(made: Any, seq: int) -> WorkingOrder:
    return WorkingOrder(made, seq, accepted_us=0, end_us=None, is_checked=True)


def group_of(order: Make, side: str, limits: list[tuple[str | None, str]]) -> Group:
    """A group of orders with these limits, each with the letter q (by quantity) or c (by cash)."""
    group = Group(GroupKey(1, Side(side)))
    for seq, (limit, kind) in enumerate(limits):
        amount = {"qty": "1"} if kind == "q" else {"cash": "1"}
        given = {} if limit is None else {"price": limit}
        group.add(working(order(**amount, **given, side=side), seq))
    return group


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


@pytest.mark.parametrize(("side", "reach"), [("BUY", (11.0, inf)), ("SELL", (10.0, -inf))])
def test_a_groups_reach_is_its_worst_limit(order: Make, side: str, reach: tuple[float, float]) -> None:
    nothing = {"BUY": -inf, "SELL": inf}[side]
    assert Group(GroupKey(1, Side(side))).reach == nothing
    assert group_of(order, side, [("10", "q"), ("11", "c")]).reach == reach[0]
    assert group_of(order, side, [("11", "q"), ("10", "c")]).reach == reach[0]
    group = group_of(order, side, [("10", "q"), (None, "c")])
    assert group.reach == reach[1]
    group.remove(working(order(cash="1", side=side), 1))
    assert (group.reach, bool(group)) == (10.0, True)
    group.remove(working(order("1", price="10", side=side), 0))
    assert (group.reach, bool(group)) == (nothing, False)


@pytest.mark.parametrize(
    ("side", "limits", "found"),
    [
        (
            "BUY",
            [("9", "q"), ("10", "q"), (None, "c"), ("11", "c"), ("10", "q"), (None, "q")],
            [2, 5, 3, 1, 4],
        ),
        (
            "SELL",
            [("11", "q"), ("10", "q"), (None, "c"), ("9", "c"), ("10", "q"), (None, "q")],
            [2, 5, 3, 1, 4],
        ),
        ("BUY", [("9", "q"), ("9.99", "c")], []),
        ("SELL", [("11", "q"), ("10.01", "c")], []),
    ],
)
def test_those_who_can_trade_come_by_price_and_arrival(
    order: Make, side: str, limits: list[tuple[str | None, str]], found: list[int]
) -> None:
    group = group_of(order, side, limits)
    assert list(group.takers(lambda _: Decimal(10))) == found
    assert list(group.takers(lambda _: None)) == []


@pytest.mark.parametrize(("side", "worse"), [("BUY", "12"), ("SELL", "8")])
def test_what_an_order_takes_keeps_those_away_whose_limits_are_passed(
    order: Make, side: str, worse: str
) -> None:
    group = group_of(order, side, [("10", "q"), ("10", "q"), (worse, "q"), ("10", "c"), (None, "q")])
    best = [Decimal(10)]
    found = []
    for seq in group.takers(lambda _: best[0]):
        found.append(seq)
        best[0] = Decimal(worse)
    assert found == [4, 2]


def test_cash_orders_have_a_best_price_of_their_own(order: Make) -> None:
    group = group_of(order, "BUY", [(None, "q"), (None, "c"), (None, "c"), (None, "q")])
    assert list(group.takers(lambda is_cash: None if is_cash else Decimal(10))) == [0, 3]
    assert list(group.takers(lambda is_cash: Decimal(10) if is_cash else None)) == [1, 2]


def test_orders_may_leave_while_the_others_are_waited_for(order: Make) -> None:
    group = group_of(order, "BUY", [("11", "q"), ("12", "q"), ("11", "q"), ("11", "q")])
    found = []
    for seq in group.takers(lambda _: Decimal(10)):
        found.append(seq)
        group.remove(working(order("1", price="12" if seq == 1 else "11"), seq))
    assert (found, bool(group)) == ([1, 0, 2, 3], False)
