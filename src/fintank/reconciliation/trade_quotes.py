"""Every trade has the price and venue of a quote in `ticks`: BUY at the ask, SELL at the bid.

And no more was traded on a side of a quote than it displayed.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from fintank.reconciliation.findings import BreakKind, Result
from fintank.reconciliation.snapshot import Recorded, shown
from fintank.reconciliation.topic_logs import TopicLogs
from fintank.trading.decimals import EXACT, ZERO, plain
from fintank.trading.messages import ExecType, Quote, Side
from fintank.trading.reports import ExecutionReport
from fintank.wire.points.point_values import quote_of

Trade = Recorded[ExecutionReport]


class TradeQuotes:
    """Sees every tick once, and picks those that trades name; `result` is final after `finish`."""

    def __init__(self, reports: Iterable[Trade]) -> None:
        self.result = Result("trades are at a quote of ticks")
        self._trades: dict[tuple[int, int], list[Trade]] = defaultdict(list)
        for entry in reports:
            if entry.message.exec_type is ExecType.TRADE:
                self._add(entry)
        self._wanted: dict[int, list[int]] = defaultdict(list)
        for partition, offset in sorted(self._trades):
            self._wanted[partition].append(offset)

    def see(self, partition: int, offsets: Sequence[int], lines: Sequence[str]) -> None:
        """Check some ticks of a partition: the offset and the line of each, by offset."""
        wanted = self._wanted.get(partition)
        if not wanted or not offsets:
            return
        for offset in wanted[bisect_left(wanted, offsets[0]) : bisect_left(wanted, offsets[-1] + 1)]:
            index = bisect_left(offsets, offset)
            if offsets[index] == offset:
                quote = quote_of(lines[index], partition, offset)
                trades = self._trades.pop((partition, offset), [])
                for trade in trades:
                    self._check_terms(trade, quote)
                for side in Side:
                    self._check_size(quote, [trade for trade in trades if trade.message.side is side])

    def finish(self, logs: TopicLogs) -> None:
        """Judge the trades whose quotes were not seen."""
        for (partition, offset), trades in self._trades.items():
            log = logs.partitions.get(("ticks", partition))
            if log is not None and offset < log.first_offset:
                self.result.beyond_retention += len(trades)
                continue
            for trade in trades:
                self._add_missing(trade, f"names the quote ticks-{partition}-{offset}, which is not a tick")
        self._trades.clear()

    def _add(self, trade: Trade) -> None:
        if not trade.message.quote_ids:
            self._add_missing(trade, "names no quote")
        for quote_id in trade.message.quote_ids:
            partition, _, offset = quote_id.partition("-")
            if partition.isdecimal() and offset.isdecimal():
                self._trades[int(partition), int(offset)].append(trade)
            else:
                self._add_missing(trade, f"names the quote {quote_id!r}, which is not a partition-offset")

    def _add_missing(self, trade: Trade, detail: str) -> None:
        self.result.compared += 1
        self.result.add(BreakKind.QUOTE_MISSING, trade.message.exec_id, f"{trade.place} {detail}")

    def _check_terms(self, trade: Trade, quote: Quote) -> None:
        self.result.compared += 1
        report = trade.message
        price = quote.ask if report.side is Side.BUY else quote.bid
        for field, quoted in (
            ("symbol", quote.symbol),
            ("last_mkt", quote.exchange),
            ("last_px", None if price is None else Decimal(price)),
        ):
            reported = getattr(report, field)
            if reported != quoted:
                detail = f"{field} is {shown(reported)}, ticks-{quote.quote_id} has {shown(quoted)}"
                self.result.add(BreakKind.QUOTE_DIFFERS, report.exec_id, f"{trade.place}: {detail}")

    def _check_size(self, quote: Quote, trades: Sequence[Trade]) -> None:
        """Check the trades on one side of a quote against its size; a trade reported twice counts once."""
        traded = ZERO
        for report in {trade.message.exec_id: trade.message for trade in trades}.values():
            size = quote.ask_size if report.side is Side.BUY else quote.bid_size
            traded = EXACT.add(traded, report.last_qty or ZERO)
            if size is not None and traded > Decimal(size):
                detail = f"ticks-{quote.quote_id} displays {size}, and with this trade {plain(traded)} traded"
                self.result.add(BreakKind.QUOTE_OVERDRAWN, report.exec_id, detail)
