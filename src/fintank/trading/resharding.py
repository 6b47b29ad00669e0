"""Dividing what all shards remember among another number of shards.

What belongs to a symbol goes to the symbol's shard. A trading state, and a cancel of several symbols, was
decided by every shard, and goes to every one. The shards must stand at the same offsets and have come equally
far in log time; so far all have come, and the next record is later.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from fintank.trading.cancels import RememberedCancel
from fintank.trading.changes import ClosedOrder, Entry, EntryId, HeldQuote, RejectedDuplicate, id_of
from fintank.trading.effects import Effects, joined
from fintank.trading.limits import Limits
from fintank.trading.log_positions import LogPosition, Positions, Reached
from fintank.trading.messages import TradingState
from fintank.trading.partition_log import Partition
from fintank.trading.recovery import Recovery
from fintank.trading.working_order import WorkingOrder


def meeting_point(found: Sequence[Positions]) -> Positions | None:
    """Return where all shards stand, at the latest of their times; None if they stand at different offsets.

    The log times of the partitions begin anew: all of them are past.
    """
    first = found[0]
    if any((each.topic_ids, _offsets(each)) != (first.topic_ids, _offsets(first)) for each in found):
        return None
    now_ms = max(max(each.now_ms, -(-each.reached.us // 1000)) for each in found)
    partitions = {place: LogPosition(offset, 0) for place, offset in _offsets(first).items()}
    left_ids = max((each.left_ids for each in found), key=len)
    return Positions(now_ms, first.topic_ids, partitions, Reached(now_ms * 1000, None), tuple(left_ids))


def let_time_pass(recovery: Recovery, limits: Limits, until_us: int) -> tuple[Effects, Reached]:
    """Let happen to a shard what happens by time alone until a log time; what it remembers follows.

    Return all that is to be written, and how far the shard has come.
    """
    core = recovery.shard(limits)
    found: list[Effects] = []
    while (effects := core.next_timer(until_us)) is not None:
        found.append(effects)
    effects = joined(found)
    changes = (*effects.journal, *core.forgotten(), *core.changed_quotes())
    for change in changes:
        recovery.take(change)
    return Effects(effects.reports, effects.fills, changes), core.state.reached


def _offsets(positions: Positions) -> dict[Partition, int]:
    return {place: at.next for place, at in positions.partitions.items() if at.next is not None}


class Division:
    """Takes what the shards remember, shard by shard by their number, and says where each entry goes.

    Open orders get new arrival_seqs. Those of one shard keep their order, and those of a shard with a lower
    number come first.
    """

    def __init__(self, shards: int, shard_of: Callable[[str], int]) -> None:
        self._shard_of = shard_of
        self._next_seq = [0] * shards
        self._shared: dict[EntryId, RememberedCancel | TradingState] = {}
        self._forgotten_us = 0

    def take(self, entries: Iterable[Entry], reached: Reached) -> Iterator[tuple[int, Entry]]:
        """Yield the entries of one shard that go to one shard, each with its new shard."""
        self._forgotten_us = max(self._forgotten_us, reached.forgotten_us)
        open_orders: list[WorkingOrder] = []
        for entry in entries:
            if isinstance(entry, WorkingOrder):
                open_orders.append(entry)
            elif isinstance(entry, TradingState) or (
                isinstance(entry, RememberedCancel) and entry.symbol is None
            ):
                self._share(entry)
            elif not isinstance(entry, Positions):
                yield self._shard_of(_symbol(entry)), entry
        for working in sorted(open_orders, key=lambda each: each.arrival_seq):
            shard = self._shard_of(working.order.symbol)
            yield shard, replace(working, arrival_seq=self._next_seq[shard])
            self._next_seq[shard] += 1

    def shared(self, point: Positions) -> list[Entry]:
        """Return what goes to every shard once all were taken, the positions last."""
        reached = point.reached._replace(forgotten_us=self._forgotten_us)
        # A shard that has decided nothing has no positions.
        positions = [replace(point, reached=reached)] if point.partitions else []
        return [*self._shared.values(), *positions]

    def _share(self, entry: RememberedCancel | TradingState) -> None:
        """Keep the later one where the shards differ: one may have forgotten more by now."""
        known = self._shared.get(id_of(entry))
        if known is None or _age(entry) > _age(known):
            self._shared[id_of(entry)] = entry


def _age(entry: RememberedCancel | TradingState) -> int:
    return entry.offset if isinstance(entry, TradingState) else entry.closed_us


def _symbol(entry: Entry) -> str:
    if isinstance(entry, ClosedOrder | RejectedDuplicate):
        return entry.identity.symbol
    if isinstance(entry, HeldQuote):
        return entry.quote.symbol
    assert not isinstance(entry, Positions | WorkingOrder)
    assert entry.symbol is not None
    return entry.symbol
