"""A shard and its log, as its owner holds them: decide first, write later."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from fintank.adapters.journal import JournalEntries
from fintank.trading.changes import Change, Entry
from fintank.trading.deciding import Message, decide
from fintank.trading.effects import Effects
from fintank.trading.limits import Limits
from fintank.trading.log_positions import Positions
from fintank.trading.messages import Quote
from fintank.trading.reports import Fill, Report
from fintank.trading.shard import Shard
from fintank.trading.timeline import TimelineEvent
from fintank.wire.kafka.journal_records import key_of

WRITTEN_ANEW_RECORDS = 10_000
"""How many records a transaction has when a journal is rewritten."""


class DecisionLog(Protocol):
    """Where a shard's decisions are written: adapters.journal.ShardLog, or a test's own."""

    def commit(
        self,
        reports: Sequence[Report],
        fills: Sequence[Fill],
        journal: Sequence[Change],
        events: Sequence[TimelineEvent] = (),
    ) -> None:
        """Write all of it or nothing; after an error it may be either, and the process must end."""


class OwnedShard:
    """A shard, what it decided since its last commit, and its log.

    report_alive is called before and after each transaction, as each may be long.
    """

    def __init__(
        self, core: Shard, log: DecisionLog, report_alive: Callable[[], None] = lambda: None
    ) -> None:
        self.core = core
        self._log = log
        self._report_alive = report_alive
        self._reports: list[Report] = []
        self._fills: list[Fill] = []
        self._journal: dict[str, Change] = {}
        """By key: only the last state of an order that changes more than once is written."""

    @property
    def decisions(self) -> int:
        """How many reports and changes wait for a commit, not counting quotes that merely changed."""
        return len(self._reports) + len(self._journal)

    def decide(self, messages: Iterable[Message], log_us: int) -> None:
        """Take in quotes, and let the orders that they touch trade, or messages of the order stream."""
        on_quote = self.core.on_quote
        for message in messages:
            if isinstance(message, Quote):  # almost all are: without decide's call
                effects = on_quote(message, log_us)
            else:
                effects = decide(self.core, message, log_us)
            if effects is not None:
                self._take(effects)

    def on_orders_lost(self, offset: int) -> None:
        """Take in that partition 0 of `orders` continues at an offset that it had before."""
        self._take(self.core.on_orders_lost(offset))

    def next_timer(self, until_us: int) -> bool:
        """Run the next timer up to a log time; whether there was one."""
        effects = self.core.next_timer(until_us)
        if effects is None:
            return False
        self._take(effects)
        return True

    def forget(self, log_us: int) -> None:
        """Forget some of all that is too old."""
        self.core.sweep(log_us)
        self._add(self.core.forgotten())

    def commit(self, positions: Positions | None = None, events: Sequence[TimelineEvent] = ()) -> None:
        """Write all that was decided, and every quote and clock that changed, in one transaction.

        positions: how far the shard has decided; None leaves that unwritten. events: what the timeline gets.
        If nothing changed, nothing is written: the log already holds all that the shard knows.
        """
        self._add(self.core.forgotten())
        self._add(self.core.changed_quotes())
        if self.decisions or positions is not None:
            self._report_alive()
            changes = [*self._journal.values(), *([] if positions is None else [positions])]
            self._log.commit(self._reports, self._fills, changes, events)
            self._reports, self._fills, self._journal = [], [], {}
            self._report_alive()

    def write_anew(self, entries: Iterable[Entry], positions: Positions) -> None:
        """Write all that the shard remembers, in several transactions, the positions last."""
        remaining = iter(entries)
        while changes := list(islice(remaining, WRITTEN_ANEW_RECORDS)):
            self._report_alive()
            self._log.commit((), (), changes)
        self._log.commit((), (), [positions])

    def _take(self, effects: Effects) -> None:
        self._reports += effects.reports
        self._fills += effects.fills
        self._add(self.core.forgotten())
        self._add(effects.journal)

    def _add(self, changes: Iterable[Change]) -> None:
        self._journal.update((key_of(change), change) for change in changes)


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
    recovery = entries.recovery()
    owned = OwnedShard(recovery.shard(limits), log, report_alive)
    if entries.is_outdated:
        owned.write_anew(recovery.entries(), recovery.positions)
    return AdoptedShard(owned, recovery.positions, len(recovery))
