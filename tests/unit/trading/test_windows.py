"""Which groups may trade as blocks now, without a look at the others."""

from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import Any

import pytest
from support.journal import kinds

from fintank.trading import steps as steps_module
from fintank.trading.changes import BlockWindow
from fintank.trading.groups import Group, GroupKey
from fintank.trading.limits import Limits
from fintank.trading.messages import Side
from fintank.trading.shard import Shard
from fintank.trading.windows import Windows
from fintank.trading.working_order import WorkingOrder
from fintank.wire.kafka.journal_records import key_of

Make = Callable[..., Any]
SECOND = 1_000_000
LOG_US = 10**15
BEST = {Side.BUY: Decimal(101), Side.SELL: Decimal(99)}


def names(groups: list[Group]) -> list[str]:
    return [f"{group.key.side} {group.key.priority}" for group in groups]


def reported(windows: Windows) -> list[tuple[str, int | None]]:
    """What is to be journaled: the last parts of the records' ids, and the ends."""
    return [
        (key_of(change).partition(",")[2], getattr(change, "window_end_us", None))
        for change in windows.changes()
    ]


@pytest.fixture
def windows() -> Windows:
    return Windows("IVE")


@pytest.fixture
def working(order: Make) -> Make:
    def make(priority: int, side: str = "BUY", seq: int = 0, **given: Any) -> WorkingOrder:
        made = order("1", priority=priority, side=side, **given)
        return WorkingOrder(made, seq, accepted_us=0, end_us=None, is_checked=True)

    return make


def test_groups_come_when_their_windows_end_by_priority_and_buy_before_sell(
    windows: Windows, working: Make
) -> None:
    for priority, side in ((3, "BUY"), (2, "SELL"), (2, "BUY")):
        windows.add(working(priority, side))
    assert (windows.next_end_us(0), windows.take_ended(99, BEST)) == (inf, [])
    windows.open(5)
    windows.add(working(4, "SELL"))
    windows.open(4)
    assert (windows.next_end_us(3), windows.must_try) == (4, False)
    assert names(windows.take_ended(3, BEST)) == []
    assert names(windows.take_ended(4, BEST)) == ["SELL 4"]
    assert (windows.next_end_us(4), windows.must_try) == (5, False)
    assert names(windows.take_ended(5, {Side.SELL: Decimal(99)})) == ["SELL 2"]
    assert (windows.next_end_us(5), windows.must_try) == (inf, True)
    assert names(windows.take_ended(5, BEST)) == ["BUY 2", "BUY 3"]
    assert names(windows.take_ended(99, BEST)) == []


def test_a_group_that_is_put_back_waits_for_its_window_or_for_a_quote_in_its_reach(
    windows: Windows, working: Make
) -> None:
    windows.add(working(2, price="100"))
    windows.open(5)
    (group,) = windows.take_ended(5, BEST)
    windows.put_back(group, 8, 5, is_idle=False)
    assert (names(windows.take_ended(7, BEST)), windows.next_end_us(7)) == ([], 8)
    (group,) = windows.take_ended(8, BEST)
    windows.put_back(group, 8, 8, is_idle=True)
    assert (windows.next_end_us(8), windows.idle_reach(Side.BUY)) == (inf, 100)
    assert names(windows.take_ended(9, BEST)) == []
    assert names(windows.take_ended(9, {Side.BUY: Decimal(100)})) == ["BUY 2"]
    assert windows.idle_reach(Side.BUY) == -inf


@pytest.mark.parametrize(
    ("side", "prices"),
    [("BUY", ("95", "90", "90.5", "95.5")), ("SELL", ("105", "110", "109.5", "104.5"))],
)
def test_the_reach_of_idle_groups_follows_their_orders(
    windows: Windows, working: Make, side: str, prices: tuple[str, str, str, str]
) -> None:
    worse, better, between, beyond = prices
    orders = [
        working(2, side, 0, price=better),
        working(3, side, 1, price=worse),
        working(3, side, 2, price=better),
    ]
    for each in orders:
        windows.add(each)
    windows.open(5)
    for group in windows.take_ended(5, BEST):
        windows.put_back(group, 5, 5, is_idle=True)
    assert windows.idle_reach(Side(side)) == float(worse)
    assert windows.take_ended(9, {Side(side): Decimal(beyond)}) == []
    found = windows.take_ended(9, {Side(side): Decimal(between)})
    assert names(found) == [f"{side} 3"]
    windows.put_back(found[0], 5, 9, is_idle=True)
    windows.remove(orders[1])
    assert windows.idle_reach(Side(side)) == float(better)
    # A level that was too small for both may be enough for the other.
    found = windows.take_ended(9, {Side(side): Decimal(between)})
    assert names(found) == [f"{side} 3"]
    windows.put_back(found[0], 5, 9, is_idle=True)
    assert windows.take_ended(9, {Side(side): Decimal(between)}) == []
    windows.remove(orders[2])
    windows.remove(orders[0])
    assert windows.idle_reach(Side(side)) == {"BUY": -inf, "SELL": inf}[side]


def test_an_order_that_joins_an_idle_group_lets_it_be_tried_again(windows: Windows, working: Make) -> None:
    windows.add(working(2, price="100"))
    windows.open(5)
    (group,) = windows.take_ended(5, BEST)
    windows.put_back(group, 5, 5, is_idle=True)
    windows.add(working(2, seq=1, price="90"))
    assert (windows.must_try, windows.idle_reach(Side.BUY)) == (True, -inf)
    assert names(windows.take_ended(5, BEST)) == ["BUY 2"]


def test_an_empty_group_is_dropped(windows: Windows, working: Make) -> None:
    windows.add(working(2))
    windows.remove(working(2))
    windows.open(5)
    assert (reported(windows), windows.next_end_us(0)) == ([], inf)
    windows.add(working(2))
    windows.open(6)
    assert reported(windows) == [("1:2,3:BUY", 6)]
    (group,) = windows.take_ended(6, BEST)
    windows.remove(working(2))
    windows.put_back(group, 9, 6, is_idle=False)
    assert (reported(windows), windows.next_end_us(0)) == ([("1:2,3:BUY", None)], inf)
    windows.add(working(2))
    assert (reported(windows), windows.next_end_us(0)) == ([], inf)
    windows.open(7)
    windows.remove(working(2))
    windows.add(working(2))
    windows.open(8)
    assert (windows.next_end_us(0), reported(windows)) == (8, [("1:2,3:BUY", 8)])


def test_of_a_window_only_its_latest_end_counts(windows: Windows, working: Make) -> None:
    windows.add(working(2))
    windows.open(9)
    windows.remove(working(2))
    windows.add(working(2))
    windows.open(5)  # the clock was set back
    assert [windows.next_end_us(now_us) for now_us in (4, 5)] == [5, inf]


def test_a_window_is_noted_once_however_often_its_end_is_asked_for(windows: Windows, working: Make) -> None:
    windows.add(working(2))
    windows.open(9)
    assert [windows.next_end_us(now_us) for now_us in range(8)] == [9] * 8
    assert len(windows._ends) == 1


def test_a_clock_that_is_set_back_rouses_only_a_group_whose_window_ends_later(
    windows: Windows, working: Make
) -> None:
    ends_us = {2: 5, 3: 6, 4: 4}
    for (priority, end_us), price in zip(ends_us.items(), ("90", "91", "89"), strict=True):
        windows.add(working(priority, price=price))
        windows.open(end_us)
    for group in windows.take_ended(8, BEST):
        windows.put_back(group, ends_us[group.key.priority], 8, is_idle=True)
    assert (windows.idle_reach(Side.BUY), windows.next_end_us(8)) == (91, inf)
    assert (windows.next_end_us(5), windows.must_try, windows.idle_reach(Side.BUY)) == (6, False, 90)


def test_changes_are_returned_once_and_only_if_there_are_any(windows: Windows, working: Make) -> None:
    for priority in (3, 2):
        windows.add(working(priority))
    windows.open(5)
    assert reported(windows) == [("1:2,3:BUY", 5), ("1:3,3:BUY", 5)]
    assert reported(windows) == []
    for group in windows.take_ended(5, BEST):
        windows.put_back(group, 5 if group.key.priority == 2 else 6, 5, is_idle=False)
    assert reported(windows) == [("1:3,3:BUY", 6)]
    restored = Windows("IVE")
    restored.add(working(2))
    restored.restore(BlockWindow("IVE", 2, Side.BUY, 5))
    restored.open(9)
    assert (restored.next_end_us(0), reported(restored)) == (5, [("1:2,3:BUY", 5)])


def test_a_group_that_is_made_again_with_the_same_window_has_not_changed(
    windows: Windows, working: Make
) -> None:
    windows.add(working(2))
    windows.open(5)
    assert reported(windows) == [("1:2,3:BUY", 5)]
    windows.remove(working(2))
    windows.add(working(2))
    windows.open(5)
    assert reported(windows) == []


def test_of_a_thousand_groups_only_those_are_tried_that_may_trade(
    order: Make, quote: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[GroupKey] = []
    trade_block = steps_module._Step._trade_block

    def counted(self: Any, group: Group) -> Any:
        tried.append(group.key)
        return trade_block(self, group)

    monkeypatch.setattr(steps_module._Step, "_trade_block", counted)
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    for number in range(1_000):
        price = str(50 + Decimal(number) / 100)
        shard.on_order(order("1", price=price, priority=2 + number, cl_ord_id=f"o-{number}"), LOG_US)
    assert tried == []
    shard.on_quote(quote("99", "101", at=2, offset=1), LOG_US + 2 * SECOND)
    assert len(tried) == 1_000
    tried.clear()
    for offset in range(2, 100):
        assert shard.on_quote(quote("50", "60", at=2, offset=offset), LOG_US + 2 * SECOND) is None
    assert tried == []
    assert shard.on_quote(quote("50", "59.98", at=2, offset=100), LOG_US + 2 * SECOND) is not None
    assert [key.priority for key in tried] == [1_000, 1_001]


def test_only_windows_that_changed_are_journaled(order: Make, quote: Make) -> None:
    shard = Shard(Limits())
    shard.on_quote(quote("99", "101"), LOG_US)
    for number in range(100):
        effects = shard.on_order(order("1", price="50", priority=2 + number, cl_ord_id=f"o-{number}"), LOG_US)
        assert kinds(effects.journal).count("window") == 1
