"""One shard: everything it has decided is decided again, by the same core, and compared."""

from collections.abc import Iterable, Iterator, Mapping

from fintank.adapters.kafka_topics import partition_for
from fintank.audit.fill_matching import FillMatching
from fintank.audit.input_log import Input
from fintank.audit.report_matching import ReportMatching, ShardReports
from fintank.audit.shard_start import ShardStart
from fintank.trading.changes import Change, Entry
from fintank.trading.deciding import Message, decide
from fintank.trading.effects import Effects
from fintank.trading.log_positions import NOTHING_REACHED, Positions, Reached
from fintank.trading.messages import Order, PortfolioOrder, Quote
from fintank.trading.partition_log import Partition, Range
from fintank.trading.portfolio import split_message
from fintank.trading.recovery import Recovery
from fintank.trading.shard import Shard
from fintank.trading.timeline import Adoption
from fintank.wire.kafka.timeline_records import limits_of

FORGET_EVERY_RECORDS = 10_000


class ShardAudit:
    """Decides a shard's records again, in the order of its replay."""

    def __init__(
        self,
        number: int,
        shards: int,
        start: ShardStart,
        reports: ReportMatching | ShardReports,
        fills: FillMatching,
    ) -> None:
        self.replay = start.replay
        self.reports = reports
        self.log_ms = 0
        """The log time of what was decided again last."""
        self._number, self._shards = number, shards
        self._known = start.known
        self._fills = fills
        self._recovery = Recovery() if start.keeps_state or start.entries else None
        self._remember(start.entries)
        self._rules: Mapping[str, object] | None = None
        self._core: Shard | None = None
        self._records = 0

    def offer(self, partition: Partition, found: Range[Input]) -> None:
        """Take in the next range of a partition, and decide on what can be decided."""
        self.replay.offer(partition, found)
        self.go_on()

    def go_on(self) -> None:
        """Decide on what can be decided."""
        for step in self.replay.take():
            if isinstance(step, Adoption):
                self._adopt(step)
                continue
            self.log_ms = step.log_ms
            log_us = step.log_ms * 1000
            self.let_time_pass(Reached(log_us, None))
            for record in step.records:
                self._decide(record, log_us)

    def let_time_pass(self, until: Reached) -> None:
        """Run the timers that a shard has run which has come as far as that."""
        if self._core is not None:
            while (effects := self._core.next_timer(until.us, until.symbol)) is not None:
                self._compare(effects)

    def entries(self) -> Iterator[Entry]:
        """Return all that the shard remembers but its positions, if it keeps that."""
        return iter(()) if self._recovery is None else self._recovery.entries()

    def remembered(self) -> Reached:
        """Bring the entries up to date; return how far the shard has come."""
        if self._core is None:
            return NOTHING_REACHED if self._recovery is None else self._recovery.positions.reached
        self._remember(self._core.forgotten())
        self._remember(self._core.changed_quotes())
        return self._core.state.reached

    def _adopt(self, adoption: Adoption) -> None:
        self.let_time_pass(adoption.reached)
        if adoption.rules == self._rules:
            return
        limits = limits_of(adoption)
        if self._recovery is None:
            self._core = Shard(limits)
        else:
            forgotten_us = self.remembered().forgotten_us
            before, self._recovery = self._recovery, Recovery()
            before.take(Positions(reached=adoption.reached._replace(forgotten_us=forgotten_us)))
            self._remember(before.entries())
            self._core = before.shard(limits)
        self._rules = adoption.rules
        self._limits = limits

    def _decide(self, record: Input, log_us: int) -> None:
        core = self._core
        assert core is not None
        self._records += 1
        if self._records % FORGET_EVERY_RECORDS == 0:
            core.sweep(log_us)
        for message in self._messages(record):
            if isinstance(message, Quote):
                self._look_at(message.symbol, log_us)
                self._known.on_quote(message)
            elif not self._can_audit(message, log_us):
                continue
            effects = decide(core, message, log_us)
            self._remember(core.forgotten())
            if isinstance(message, Quote):
                self._look_at(message.symbol, log_us)
            if effects is not None:
                self._compare(effects)

    def _messages(self, record: Input) -> Iterator[Message]:
        """Return what a record is to this shard: of a portfolio order, the components of its symbols."""
        if isinstance(record, PortfolioOrder):
            for order in split_message(record, self._limits):
                if partition_for(order.symbol, self._shards) == self._number:
                    yield order
        else:
            yield record

    def _can_audit(self, message: Message, log_us: int) -> bool:
        if not isinstance(message, Order):
            return True
        self.reports.read_before(log_us)
        self._look_at(message.symbol, log_us)
        return self._known.can_audit(message.identity, log_us)

    def _look_at(self, symbol: str, log_us: int) -> None:
        assert self._core is not None
        book = self._core.state.books.get(symbol)
        if book is not None and self._known.needs_middle(symbol):
            now_us = book.clock.now(log_us)
            self._known.on_middle(symbol, book.middle(now_us), now_us)

    def _compare(self, effects: Effects) -> None:
        self._remember(effects.journal)
        audited = [report for report in effects.reports if self._known.is_known(report)]
        for report in audited:
            self.reports.compare(report)
        log_us = {report.exec_id: report.log_time_us for report in audited}
        for fill in effects.fills:
            if fill.exec_id in log_us:
                self._fills.compare(fill, log_us[fill.exec_id] or 0)

    def _remember(self, changes: Iterable[Change]) -> None:
        if self._recovery is not None:
            for change in changes:
                self._recovery.take(change)
