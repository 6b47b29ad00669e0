"""Every trade's price and venue is a quote in `ticks`, on its right side: BUY at the ask, SELL at the bid.

And no more was traded on a side of a quote than it displayed.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from fintank.reconciliation.order_reports import Told, shown
from fintank.reconciliation.results import Kind, Logs, Result
from fintank.trading.decimals import EXACT, ZERO, plain
from fintank.trading.messages import ExecType, Quote, Side
from fintank.trading.reports import ExecutionReport
from fintank.wire.points.point_values import quote_of

Place = tuple[int, int]


class TradeQuotes:
    """Is shown every tick once, and picks those that trades name; `result` is true after `finish`."""

    def __init__(self, told: Iterable[Told]) -> None:
        self.result = Result("trades are at a quote of ticks")
        self._trades: dict[Place, list[Told]] = defaultdict(list)
        for tell in told:
            if tell.report.exec_type is ExecType.TRADE:
                self._take(tell)
        self._wanted: dict[int, list[int]] = defaultdict(list)
        for partition, offset in sorted(self._trades):
            self._wanted[partition].append(offset)

    def see(self, partition: int, offsets: Sequence[int], lines: Sequence[str]) -> None:
        """Look at some ticks of a partition: the offset and the line of each, by offset."""
        wanted = self._wanted.get(partition)
        if not wanted or not offsets:
            return
        for offset in wanted[bisect_left(wanted, offsets[0]) : bisect_left(wanted, offsets[-1] + 1)]:
            index = bisect_left(offsets, offset)
            if offsets[index] == offset:
                quote = quote_of(lines[index], partition, offset)
                found = self._trades.pop((partition, offset), [])
                for tell in found:
                    self._check(tell, quote)
                for side in Side:
                    self._check_size(quote, [tell for tell in found if tell.report.side is side])

    def finish(self, logs: Logs) -> None:
        """Judge the trades whose quotes were not seen."""
        for (partition, offset), told in self._trades.items():
            log = logs.get(("ticks", partition))
            for tell in told:
                if log is not None and offset < log.first_offset:
                    self.result.beyond_retention += 1
                else:
                    self.result.compared += 1
                    detail = f"{tell.place} names the quote ticks-{partition}-{offset}, which is no tick"
                    self.result.add(Kind.QUOTE_MISSING, tell.report.exec_id, detail)
        self._trades.clear()

    def _take(self, tell: Told) -> None:
        report = tell.report
        if not report.quote_ids:
            self.result.compared += 1
            self.result.add(Kind.QUOTE_MISSING, report.exec_id, f"{tell.place} names no quote")
        for quote_id in report.quote_ids:
            partition, _, offset = quote_id.partition("-")
            if partition.isdecimal() and offset.isdecimal():
                self._trades[int(partition), int(offset)].append(tell)
            else:
                self.result.compared += 1
                detail = f"{tell.place} names the quote {quote_id!r}, which is no partition-offset"
                self.result.add(Kind.QUOTE_MISSING, report.exec_id, detail)

    def _check(self, tell: Told, quote: Quote) -> None:
        self.result.compared += 1
        for field, told, quoted in _terms(tell.report, quote):
            if told != quoted:
                place = f"ticks-{quote.quote_id}"
                detail = f"{tell.place}: {field} is {shown(told)}, by {place} it is {shown(quoted)}"
                self.result.add(Kind.QUOTE_DIFFERS, tell.report.exec_id, detail)

    def _check_size(self, quote: Quote, told: Sequence[Told]) -> None:
        """Check the trades on one side of a quote against its size; of a trade told twice one counts."""
        traded = ZERO
        for report in {tell.report.exec_id: tell.report for tell in told}.values():
            size = quote.ask_size if report.side is Side.BUY else quote.bid_size
            traded = EXACT.add(traded, report.last_qty or ZERO)
            if size is not None and traded > Decimal(size):
                place = f"ticks-{quote.quote_id}"
                detail = f"{place} displays {size}, and with this trade {plain(traded)} was traded on it"
                self.result.add(Kind.QUOTE_OVERDRAWN, report.exec_id, detail)


def _terms(report: ExecutionReport, quote: Quote) -> Iterable[tuple[str, object, object]]:
    price = quote.ask if report.side is Side.BUY else quote.bid
    yield "symbol", report.symbol, quote.symbol
    yield "last_mkt", report.last_mkt, quote.exchange
    yield "last_px", report.last_px, None if price is None else Decimal(price)
