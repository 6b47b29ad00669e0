"""Taking over a shard: its log, and the state that its journal holds."""

from collections.abc import Callable
from typing import NamedTuple

from fintank.adapters.journal import JournalEntries, JournalError
from fintank.bolts.owned_shard import DecisionLog, OwnedShard
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.recovery import Recovery

JOURNAL_CURE = "start the version of fintank that wrote it; `invoke reset` deletes all data, open orders too"


class AdoptedShard(NamedTuple):
    """A shard as its journal left it. remembered: how many entries it was made of."""

    owned: OwnedShard
    positions: Positions
    remembered: int


def take_over(
    log: DecisionLog, entries: JournalEntries, limits: Limits, report_alive: Callable[[], None]
) -> AdoptedShard:
    """Restore a shard while its journal is read; rewrite an outdated journal.

    Raise JournalError for an unreadable record. report_alive: see OwnedShard.
    """
    recovery = Recovery()
    try:
        for entry in entries:
            recovery.take(entry)
    except ValueError as error:
        raise JournalError(f"{error}: {JOURNAL_CURE}") from error
    owned = OwnedShard(recovery.shard(limits), log, report_alive)
    if entries.is_outdated:
        owned.write_anew(recovery.entries(), recovery.positions)
    return AdoptedShard(owned, recovery.positions, len(recovery))
