"""One shard in the hands of a task of the rule engine: decide first, write later."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from fintank.trading.changes import Change
from fintank.trading.messages import Cancel, Order, Quote, TradingState
from fintank.trading.reports import Fill, Report
from fintank.trading.shard import Effects, Shard
from fintank.wire.kafka.journal_records import key_of

DECISIONS_MAX = 10_000
"""More than that are written in several transactions; what one message leads to is never parted."""


class DecisionLog(Protocol):
    """Where a shard's decisions are written; adapters.journal.ShardLog is the real one."""

    def commit(self, reports: Sequence[Report], fills: Sequence[Fill], journal: Sequence[Change]) -> None:
        """Write all of it or nothing; on any error it is not known which, and the process must end."""


class OwnedShard:
    """The trading core of a shard, what it decided since its last commit, and its log."""

    def __init__(self, core: Shard, log: DecisionLog, alive: Callable[[], None] = lambda: None) -> None:
        """Take its parts; alive is called before and after each transaction, each of which may be long."""
        self.core = core
        self._log = log
        self._alive = alive
        self._reports: list[Report] = []
        self._fills: list[Fill] = []
        # Of an order that several events of one transaction change, only the last state is of use.
        self._journal: dict[str, Change] = {}

    @property
    def decisions(self) -> int:
        """How many reports and journal records wait for a commit, without the quotes that only changed."""
        return len(self._reports) + len(self._journal)

    def on_quote(self, quote: Quote, wall_us: int) -> None:
        """Take a quote in, and let what it touches trade."""
        outcome = self.core.on_quote(quote, wall_us)
        if outcome is not None:
            self._take(outcome)

    def on_message(self, message: Order | Cancel | TradingState, wall_us: int) -> None:
        """Take in what came by the topic `orders`."""
        if isinstance(message, Order):
            self._take(self.core.on_order(message, wall_us))
        elif isinstance(message, Cancel):
            self._take(self.core.on_cancel(message, wall_us))
        else:
            self._take(self.core.on_trading_state(message, wall_us))

    def on_second(self, wall_us: int) -> None:
        """Let time pass, and forget some of what ended longer ago than the retention."""
        self._take(self.core.on_second(wall_us))
        self._take(Effects(journal=self.core.forget_closed(wall_us)))

    def commit(self) -> None:
        """Write all that was decided, and every quote and clock that changed, in one transaction.

        Nothing is written when nothing changed: then all that the shard knows stands in its log already.
        """
        self._journal.update(_by_key(self.core.changed_quotes()))
        if self.decisions:
            self._alive()
            self._log.commit(self._reports, self._fills, list(self._journal.values()))
            self._reports, self._fills, self._journal = [], [], {}
            self._alive()

    def _take(self, outcome: Effects) -> None:
        self._reports += outcome.reports
        self._fills += outcome.fills
        self._journal.update(_by_key(outcome.journal))
        if self.decisions > DECISIONS_MAX:
            self.commit()


def _by_key(changes: Iterable[Change]) -> dict[str, Change]:
    return {key_of(change): change for change in changes}
