"""The shards as they are: fenced, all at one place, and brought to one log time."""

from collections.abc import Iterator, Mapping, Sequence

from fintank.adapters import journal
from fintank.adapters.journal import JournalEntries, ShardLog
from fintank.adapters.shard_records import decided_positions, timelines
from fintank.errors import FintankError
from fintank.trading.changes import Entry
from fintank.trading.log_positions import Positions, Reached
from fintank.trading.partition_log import Partition
from fintank.trading.resharding import let_time_pass, meeting_point
from fintank.trading.timeline import Adoption, TimelineEvent
from fintank.wire.kafka.timeline_records import limits_of

BEHIND = (
    "start the topology with {shards} shards, let it read all of `ticks` and `orders`, stop it, and run "
    "`invoke reshard` again"
)


class OldShards:
    """The shards of the current generation; only this process can write to their journals from now on.

    point: where all of them stand, and the log time to which all are brought.
    """

    def __init__(self, address: str, generation: int, shards: int) -> None:
        """Fence all writers; FintankError if the shards do not all stand at the same offsets."""
        self.address, self.count = address, shards
        self._generation = generation
        self._logs: list[ShardLog] = []
        for shard in range(shards):
            with journal.errors(address, f"shard {shard}", "it can't be fenced"):
                producer = journal.fenced(address, f"rule-engine-{shard}")
            self._logs.append(ShardLog(address, shard, generation, producer))
        decided = decided_positions(address, generation, range(shards))
        self._positions = [positions or Positions() for positions in decided]
        adoptions = map(_last_adoption, timelines(address, generation, shards))
        self._limits = {
            shard: limits_of(adoption) for shard, adoption in enumerate(adoptions) if adoption is not None
        }
        point = meeting_point(self._positions)
        adopted = len(self._limits)
        # The time of a shard that was not adopted since the last resharding has not moved.
        can_go_on = adopted == shards or (
            adopted == 0 and len({each.now_ms for each in self._positions}) == 1
        )
        if point is None or not can_go_on:
            raise FintankError(_behind(self._positions, shards))
        self.point = point

    def remembered(self, shard: int, progress: journal.Progress) -> tuple[Iterator[Entry], Reached]:
        """Return what a shard remembers at the time of `point`; its journal gets what happened until then.

        FintankError if the journal can't be read or written.
        """
        records = journal.read_journal(self.address, shard, self._generation, progress)
        recovery = JournalEntries(records).recovery()
        limits = self._limits.get(shard)
        if limits is None:
            # Nothing was decided since the last resharding.
            return recovery.entries(), recovery.positions.reached
        effects, reached = let_time_pass(recovery, limits, self.point.reached.us)
        if effects.journal:
            before = self._positions[shard]
            kept = before.topic_ids, before.partitions, reached, before.left_ids
            positions = Positions(self.point.now_ms, *kept)
            self._logs[shard].commit(effects.reports, effects.fills, [*effects.journal, positions])
        return recovery.entries(), reached


def _last_adoption(events: Sequence[TimelineEvent]) -> Adoption | None:
    return next((event for event in reversed(events) if isinstance(event, Adoption)), None)


def _behind(found: Sequence[Positions], shards: int) -> str:
    """Say which shards are behind, with the cure."""
    furthest: dict[Partition, int] = {}
    offsets: list[Mapping[Partition, int]] = []
    for positions in found:
        at = {place: position.next or 0 for place, position in positions.partitions.items()}
        offsets.append(at)
        furthest |= {place: max(offset, furthest.get(place, 0)) for place, offset in at.items()}
    behind = [str(shard) for shard, at in enumerate(offsets) if at != furthest]
    named = (
        f"these shards are behind the others: {', '.join(behind)}"
        if behind
        else "the shards are at different offsets"
    )
    return f"{named}: {BEHIND.format(shards=shards)}"
