"""Let log time pass for a shard, and let it forget."""

from fintank.trading.changes import Change
from fintank.trading.effects import Effects
from fintank.trading.shard import Shard


def run_timers(shard: Shard, until_us: int) -> Effects:
    """Run all timers up to a log time; return what they led to."""
    found = Effects()
    while (effects := shard.next_timer(until_us)) is not None:
        found = Effects(
            reports=(*found.reports, *effects.reports),
            fills=(*found.fills, *effects.fills),
            journal=(*found.journal, *effects.journal),
        )
    return found


def forget(shard: Shard, log_us: int) -> list[Change]:
    """Let a shard sweep once; return what it forgot, and what changed with it."""
    shard.sweep(log_us)
    return [*shard.forgotten(), *shard.changed_quotes()]
