from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintank.trading import sorting
from fintank.trading.sorting import SortedItems

PAIRS = st.tuples(st.integers(0, 9), st.integers(0, 9))
CHANGES = st.lists(st.tuples(st.booleans(), PAIRS), max_size=60)


def in_parts_of(items_max: int, pairs: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sorting, "PART_ITEMS_MAX", items_max)
    items: SortedItems[tuple[int, int]] = SortedItems()
    for pair in pairs:
        items.add(pair)
    return items


def test_items_are_found_by_their_key_and_removed_alone() -> None:
    items: SortedItems[tuple[int, int]] = SortedItems()
    assert (bool(items), items.first, items.last) == (False, None, None)
    assert (items.up_to((9, inf)), items.from_((0, -1)), items.after((0,)), items.count_up_to((9,))) == (
        *([], []),
        *(None, 0),
    )
    for item in ((7, 3), (5, 4), (7, 1), (9, 2)):
        items.add(item)
    assert (bool(items), items.first, items.last) == (True, (5, 4), (9, 2))
    assert [len(items.up_to((key, inf))) for key in (4, 5, 7, 8, 9)] == [0, 1, 3, 3, 4]
    assert [len(items.from_((key, -1))) for key in (4, 5, 7, 8, 10)] == [4, 4, 3, 1, 0]
    assert [items.count_up_to((key, inf)) for key in (4, 5, 7, 8, 9)] == [0, 1, 3, 3, 4]
    assert [items.after((7, seq)) for seq in (0, 1, 2, 3)] == [(7, 1), (7, 3), (7, 3), (9, 2)]
    assert (items.after((9, 2)), items.after((0,))) == (None, (5, 4))
    items.remove((7, 1))
    assert items.up_to((9, inf)) == [(5, 4), (7, 3), (9, 2)]


def test_no_part_is_longer_than_its_bound_and_none_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(number * 7 % 100, number) for number in range(100)]
    items = in_parts_of(4, pairs, monkeypatch)
    assert {len(part) for part in items._parts} <= {2, 3, 4}
    for pair in pairs[:99]:
        items.remove(pair)
    assert items._parts == [[pairs[99]]]


def test_a_part_that_is_too_long_becomes_two_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    items = in_parts_of(4, [(key, 0) for key in range(4)], monkeypatch)
    assert list(map(len, items._parts)) == [4]
    items.add((4, 0))
    assert list(map(len, items._parts)) == [2, 3]


@pytest.mark.parametrize("items_max", [2, 1000])
def test_nothing_comes_after_the_last_of_many_items(items_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    items = in_parts_of(items_max, [(key, 0) for key in range(1000)], monkeypatch)
    assert (items.after((998, 0)), items.after((999, 0))) == ((999, 0), None)


@given(changes=CHANGES, bound=PAIRS, seq=st.sampled_from([-1, inf]))
def test_it_behaves_like_a_sorted_list(
    changes: list[tuple[bool, tuple[int, int]]], bound: tuple[int, int], seq: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "PART_ITEMS_MAX", 3)
        items: SortedItems[tuple[int, int]] = SortedItems()
        held: list[tuple[int, int]] = []
        for is_added, item in changes:
            if is_added and item not in held:
                items.add(item)
                held.append(item)
            elif not is_added and item in held:
                items.remove(item)
                held.remove(item)
    held.sort()
    assert items.up_to((99, inf)) == items.from_((-1, -1)) == held
    assert (items.first, items.last) == ((held[0], held[-1]) if held else (None, None))
    between = (bound[0], seq)
    assert items.up_to(between) == [item for item in held if item < between]
    assert items.from_(between) == [item for item in held if item > between]
    assert items.count_up_to(between) == len(items.up_to(between))
    assert items.after(bound) == next((item for item in held if item > bound), None)
