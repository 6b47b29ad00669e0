"""From where a shard can be audited, by its timeline and by what the logs still hold."""

from collections.abc import Sequence
from typing import NamedTuple

from fintank.adapters import versions
from fintank.audit.input_log import Input, RulesByOffset, log_starts
from fintank.audit.known_symbols import KnownSymbols
from fintank.audit.topic_records import first_kept_ms
from fintank.terminal.texts import utc
from fintank.trading.changes import Entry
from fintank.trading.log_positions import Positions
from fintank.trading.log_replay import LogReplay, beginning
from fintank.trading.partition_log import Partition
from fintank.trading.timeline import Adoption, Resharded, TimelineEvent
from fintank.wire.kafka.records import AHEAD_US_MAX
from fintank.wire.kafka.timeline_records import limits_of


class ShardStart(NamedTuple):
    """Where the replay of a shard begins, which symbols are known there, and what to say about it.

    entries: what it remembered there. keeps_state: what it remembers later is needed, as rules change or
    because other shards come after it.
    """

    replay: LogReplay[Input]
    known: KnownSymbols
    keeps_state: bool
    notes: Sequence[str]
    adoptions: Sequence[Adoption] = ()
    entries: Sequence[Entry] = ()

    def rules_of_ticks(self, partition: Partition) -> RulesByOffset:
        """Return the rules by which the ticks of a partition were read."""
        firsts = [0, *(adoption.positions.get(partition, 0) for adoption in self.adoptions[1:])]
        instruments = [limits_of(adoption).instruments for adoption in self.adoptions]
        return [(first, each.allows_negative) for first, each in zip(firsts, instruments, strict=True)]


def shard_start(
    address: str,
    events: Sequence[TimelineEvent],
    decided: Positions,
    entries: Sequence[Entry] | None,
    known: KnownSymbols,
) -> ShardStart | None:
    """Return where the replay of a shard begins; None if it has no adoption in the timeline.

    entries: what it remembered when it was made from other shards, if that is known, of the symbols that are
    known.
    """
    start = beginning(events)
    if start is None:
        return None
    if not isinstance(events[0], Resharded) or events[0].positions != start.positions:
        entries = None
    ends = {place: at.next for place, at in decided.partitions.items() if at.next is not None}
    replay = LogReplay[Input](start, ends)
    adoptions = [event for event in start.events if isinstance(event, Adoption)]
    notes = [_version_note(adoption) for adoption in adoptions if _is_of_other_version(adoption)]
    if entries is None:
        known = KnownSymbols(None)
    known_from_ms = None if start.is_complete or entries is not None else start.now_ms
    if known_from_ms is not None:
        notes.append(f"its beginning is not known: it is replayed from {utc(start.now_ms)}")
    firsts = log_starts(address, ends)
    for place, position in replay.positions.items():
        first = firsts[place]
        if position is not None and position < first:
            replay.start_at(place, first)
            kept_ms = first_kept_ms(address, *place, first)
            kept_ms = decided.partitions[place].log_ms if kept_ms is None else kept_ms
            known_from_ms = max(known_from_ms or 0, kept_ms)
            notes.append(f"{place.topic}-{place.number} is kept from offset {first:,}, {utc(kept_ms)}")
    if known_from_ms is not None:
        ages_us = [limits_of(adoption).max_quote_age_us for adoption in adoptions]
        # By then no quote from before is usable any more, whatever time it had.
        known_from_us = known_from_ms * 1000 + max(ages_us) + AHEAD_US_MAX
        since = utc(known_from_us / 1000)
        notes.append(f"orders are audited from {since}, once their symbol has no open order from before")
        known.unknown_until(known_from_us)
    return ShardStart(replay, known, _rules_change(adoptions), notes, adoptions, entries or ())


def _rules_change(adoptions: Sequence[Adoption]) -> bool:
    return any(adoption.rules != adoptions[0].rules for adoption in adoptions)


def _is_of_other_version(adoption: Adoption) -> bool:
    return (adoption.version, adoption.tzdata) != versions.used()


def _version_note(adoption: Adoption) -> str:
    return (
        f"from {utc(adoption.now_ms)} it was decided by fintank {adoption.version} with time zones "
        f"{adoption.tzdata}, and is decided again by {' with '.join(versions.used())}"
    )
