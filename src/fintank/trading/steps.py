"""A step: everything that happens to a symbol's open orders at one moment, always in the same order.

Expire; look at the market; apply the rules that needed a price; trigger stops; trade priority 1, each order
alone; trade blocks; end what can't wait. All of it is repeated until nothing more happens. The semantics are
in docs/trading.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from heapq import merge
from math import inf
from typing import NamedTuple

from fintank.trading import reports, rules
from fintank.trading.allocation import allocate
from fintank.trading.cancel_reasons import over_limit, short_of_lot, unfilled
from fintank.trading.codes import Code, coded_reason
from fintank.trading.collar import Collar
from fintank.trading.decimals import ZERO
from fintank.trading.depth import Depth, Level
from fintank.trading.groups import Group
from fintank.trading.messages import CodedReason, OrdStatus, Side, TimeInForce
from fintank.trading.moment import Moment
from fintank.trading.order_book import OrderBook
from fintank.trading.quote_book import QuoteBook
from fintank.trading.reports import ExecutionReport
from fintank.trading.rules import RuleContext
from fintank.trading.sweep import after_trade, plan, wanted
from fintank.trading.trade_limits import over_notional
from fintank.trading.working_order import WorkingOrder


class Event(NamedTuple):
    """The new state of an order, and its report, if there is one."""

    working: WorkingOrder
    report: ExecutionReport | None


def step(
    orders: OrderBook,
    book: QuoteBook | None,
    moment: Moment,
    context: RuleContext,
    arrived: WorkingOrder | None = None,
) -> list[Event]:
    """Do one step; return what happened, in order.

    book: None before the symbol's first quote. arrived: the open order that has just arrived, if one has.
    """
    found = _Step(orders, book, moment, context)
    found.run(arrived)
    if book is not None:
        assert moment.now_us is not None
        next_session_us = moment.instrument.next_change_us(moment.now_us)
        changes_us = book.next_stale_us(moment.now_us), next_session_us, book.reference.due_us
        orders.settle(moment.now_us, *changes_us, sides=found.sides, must_look=found.must_look)
    return found.events


class _Step:
    def __init__(
        self, orders: OrderBook, book: QuoteBook | None, moment: Moment, context: RuleContext
    ) -> None:
        self.events: list[Event] = []
        self._orders = orders
        self._book = book
        self._moment = moment
        self._now_us = moment.now_us
        self._limits = context.limits
        self._instrument = moment.instrument
        self._context = context
        is_open = moment.instrument.is_open(moment.now_us)
        allowed = [side for side in Side if is_open and context.state.allows(side)]
        self.sides = [side for side in allowed if moment.market.levels(side)]
        self._collar = Collar(context.reference, context.limits.market_collar)
        self._collared = {side: self._collar.within(moment.market.levels(side)) for side in Side}
        """The levels on which MARKET orders and triggered stops trade."""

    @property
    def must_look(self) -> bool:
        """Whether any quote leads to the next step, and a new reference price does."""
        held_back = [side for side in self.sides if not self._collared[side]]
        has_held_back = bool(self._orders.touched_stops(self._market, held_back))
        return bool(self._market.crossing) or any(self._orders.unchecked.values()) or has_held_back

    def run(self, arrived: WorkingOrder | None) -> None:
        happened = -1
        while happened < len(self.events):
            happened = len(self.events)
            self._once()
            if arrived is not None:
                self._end_immediate(arrived)

    def _once(self) -> None:
        if self._now_us is not None:
            self._orders.windows.open(self._now_us + self._limits.aggregation_window_us)
            self._expire(self._now_us)
        self._check_prices()
        if self.sides:
            self._trigger()
        self._trade()
        self._trade_blocks()

    def _expire(self, now_us: int) -> None:
        for seq in sorted(seq for _, seq in self._orders.ends.up_to((now_us, inf))):
            working = self._orders.by_seq[seq].ended(OrdStatus.EXPIRED, self._moment.closing)
            self._add(working, reports.expired(working, self._moment))

    def _check_prices(self) -> None:
        for seq in self._allowed(seq for side in self.sides for seq in self._orders.unchecked[side]):
            working = self._orders.by_seq[seq]
            if not rules.is_checkable(working.order, self._context.reference):
                continue
            reason = rules.check_price(working.order, self._context)
            if reason is None:
                self._add(replace(working, is_checked=True))
            else:
                self._end(working, OrdStatus.CANCELED, reason)

    def _trigger(self) -> None:
        sides = [side for side in self.sides if self._collared[side]]
        for seq in self._allowed(self._orders.touched_stops(self._market, sides)):
            working = self._orders.by_seq[seq]
            best = self._market.best(working.order.side)
            over = over_notional(working.order, best, self._instrument, self._limits)
            if over is not None:
                self._end(working, OrdStatus.CANCELED, coded_reason(Code.MAX_ORDER_NOTIONAL, over))
                continue
            working = replace(working, is_triggered=True)
            self._add(working, reports.triggered(working, self._moment))
        assert self._now_us is not None
        self._orders.windows.open(self._now_us + self._limits.aggregation_window_us)

    def _trade(self) -> None:
        """Let each order of priority 1 trade alone, on what the earlier ones left."""
        offered = {side: list(self._market.levels(side)) for side in self.sides}
        alone = self._orders.alone
        takers = [alone[side].takers(partial(self._best, levels)) for side, levels in offered.items()]
        for seq in merge(*takers):
            working = self._orders.by_seq[seq]
            side = working.order.side
            if not self._is_blocked(working) and self._is_within_limits(working):
                self._sweep(working, self._collared[side] if working.order.price is None else offered[side])

    def _is_within_limits(self, working: WorkingOrder) -> bool:
        """Whether an order that is about to trade may; it is CANCELED if not."""
        reason = over_limit(working, self._market, self._instrument, self._limits)
        if reason is not None:
            self._end(working, OrdStatus.CANCELED, reason)
        return reason is None

    def _best(self, levels: list[Level], is_cash: bool) -> Decimal | None:
        """Return the best price of the levels that offer anything, or for cash orders a lot.

        The used-up levels in front are removed.
        """
        while levels and levels[0].left == 0:
            del levels[0]
        least = self._instrument.lot_size if is_cash else ZERO
        return next((level.price for level in levels if level.offers(least)), None)

    def _sweep(self, working: WorkingOrder, levels: Sequence[Level]) -> None:
        sweep = plan(working, levels, self._instrument, self._moment.closing)
        if working.order.time_in_force is TimeInForce.FOK and sweep.trades and not sweep.fills:
            return
        for trade in sweep.trades:
            self._take(trade.working, trade.level, trade.quantity)
            working = trade.working
        if sweep.short_of_lot is not None:
            self._end_short_of_lot(working, sweep.short_of_lot)

    def _trade_blocks(self) -> None:
        """Let each group whose window has ended trade as a block; one that traded gets a new window."""
        if not self.sides:
            return
        now_us = self._now_us
        assert now_us is not None
        best = {side: self._market.levels(side)[0].price for side in self.sides}
        for group in self._orders.windows.take_ended(now_us, best):
            assert group.window_end_us is not None
            traded = self._trade_block(group)
            window_end_us = now_us + self._limits.aggregation_window_us if traded else group.window_end_us
            self._orders.windows.put_back(group, window_end_us, now_us, not traded)

    def _trade_block(self, group: Group) -> bool:
        """Let a group sweep the levels as one; return whether anything traded."""
        traded = False
        levels, collared = self._market.levels(group.key.side), self._collared[group.key.side]
        for seq in self._allowed(group.taking_part(levels[0].price)):
            self._is_within_limits(self._orders.by_seq[seq])
        for number, level in enumerate(levels):
            if not level.offers(self._instrument.lot_size):
                continue
            seqs = self._allowed(group.taking_part(level.price))
            if number >= len(collared):
                seqs = [seq for seq in seqs if self._orders.by_seq[seq].order.price is not None]
            if not seqs:
                break
            traded |= self._divide(level, seqs)
        return traded

    def _divide(self, level: Level, seqs: Sequence[int]) -> bool:
        """Divide what a level offers among the orders that take part; return whether anything traded."""
        taking: list[tuple[WorkingOrder, Decimal]] = []
        for seq in seqs:
            working = self._orders.by_seq[seq]
            want = wanted(working, level.price, self._instrument)
            if want:
                taking.append((working, want))
            else:
                self._end_short_of_lot(working, level.price)
        wants = [want for _, want in taking]
        shares = wants if level.left is None else allocate(wants, level.left, self._instrument.lot_size)
        closing = self._moment.closing
        for (working, _), share in zip(taking, shares, strict=True):
            if share:
                traded = after_trade(working, share, level.price, self._instrument, closing)
                self._take(traded, level, share)
        return any(shares)

    def _end_immediate(self, arrived: WorkingOrder) -> None:
        """Cancel an IOC or FOK order that is still open."""
        working = self._orders.by_seq.get(arrived.arrival_seq)
        if working is None or working.order.time_in_force not in rules.IMMEDIATE:
            return
        collared = len(self._collared[working.order.side])
        reason = unfilled(working, self._moment, self._collar, collared)
        self._end(working, OrdStatus.CANCELED, reason)

    def _end_short_of_lot(self, working: WorkingOrder, price: Decimal) -> None:
        ord_status = OrdStatus.FILLED if working.cum_qty else OrdStatus.CANCELED
        self._end(working, ord_status, short_of_lot(working, price, self._instrument))

    def _allowed(self, seqs: Iterable[int]) -> list[int]:
        """Return the orders whose accounts may trade, by arrival_seq."""
        return [seq for seq in sorted(seqs) if not self._is_blocked(self._orders.by_seq[seq])]

    def _is_blocked(self, working: WorkingOrder) -> bool:
        """Whether the state of its account stops an order of a side that may trade."""
        return bool(self._context.account_states) and not self._context.allows(working.order)

    @property
    def _market(self) -> Depth:
        return self._moment.market

    def _take(self, working: WorkingOrder, level: Level, quantity: Decimal) -> None:
        assert self._book is not None
        before = self._orders.by_seq[working.arrival_seq]
        self._book.take(working.order.side, level, quantity)
        self._add(working, reports.traded(before, working, self._moment, quantity, level))

    def _end(self, working: WorkingOrder, ord_status: OrdStatus, reason: CodedReason) -> None:
        ended = working.ended(ord_status, self._moment.closing)
        self._add(ended, reports.ended(ended, self._moment, reason))

    def _add(self, working: WorkingOrder, report: ExecutionReport | None = None) -> None:
        self._orders.put(working)
        self.events.append(Event(working, report))
