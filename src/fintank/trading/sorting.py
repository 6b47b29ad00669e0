"""A sorted list that stays fast however long it is."""

from bisect import bisect_left, bisect_right, insort
from operator import itemgetter
from typing import Any, Generic, TypeVar

Item = TypeVar("Item", bound=tuple[Any, ...])

PART_ITEMS_MAX = 512

_FIRST = itemgetter(0)


class SortedItems(Generic[Item]):
    """Distinct tuples, sorted, in parts of at most PART_ITEMS_MAX.

    Adding or removing an item moves those of one part, not half of the list. A bound is a tuple like an item.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[list[Item]] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, item: Item) -> None:
        """Add an item."""
        if not self._parts:
            self._parts.append([item])
            return
        index = self._part_of(item)
        part = self._parts[index]
        insort(part, item)
        if len(part) > PART_ITEMS_MAX:
            half = len(part) // 2
            self._parts.insert(index + 1, part[half:])
            del part[half:]

    def remove(self, item: Item) -> None:
        """Remove an item, which must be there."""
        index = self._part_of(item)
        part = self._parts[index]
        del part[bisect_left(part, item)]
        if not part:
            del self._parts[index]

    def up_to(self, bound: tuple[Any, ...]) -> list[Item]:
        """Return the items before a bound that is not an item."""
        found: list[Item] = []
        for part in self._parts:
            if part[-1] > bound:
                return found + part[: bisect_left(part, bound)]
            found += part
        return found

    def from_(self, bound: tuple[Any, ...]) -> list[Item]:
        """Return the items after a bound that is not an item."""
        if not self._parts:
            return []
        index = self._part_of(bound)
        part = self._parts[index]
        found = part[bisect_left(part, bound) :]
        for part in self._parts[index + 1 :]:
            found += part
        return found

    def after(self, bound: tuple[Any, ...]) -> Item | None:
        """Return the first item after a bound, which may be an item; None without any."""
        if not self._parts:
            return None
        index = self._part_of(bound)
        part = self._parts[index]
        place = bisect_right(part, bound)
        if place < len(part):
            return part[place]
        return self._parts[index + 1][0] if index + 1 < len(self._parts) else None

    def count_up_to(self, bound: tuple[Any, ...]) -> int:
        """Count the items before a bound that is not an item."""
        if not self._parts:
            return 0
        index = self._part_of(bound)
        return sum(map(len, self._parts[:index])) + bisect_left(self._parts[index], bound)

    @property
    def first(self) -> Item | None:
        """The first item."""
        return self._parts[0][0] if self._parts else None

    @property
    def last(self) -> Item | None:
        """The last item."""
        return self._parts[-1][-1] if self._parts else None

    def _part_of(self, item: tuple[Any, ...]) -> int:
        """Return the index of the last part that begins at or before an item, or 0."""
        return max(bisect_right(self._parts, item, key=_FIRST) - 1, 0)
