"""The engine: records and the passing of time in, records of executions and fills out."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from reference.market import Market, Quote, read_quote
from reference.matching import block, is_filled, sweep
from reference.messages import (
    Cancel,
    Message,
    Order,
    Place,
    RejectError,
    read_cancel,
    read_order,
)
from reference.numbers import MICROSECONDS, number
from reference.portfolio import read_components
from reference.reports import Nbbo, Trade, cancel_reject, code_text, execution, fill
from reference.rules import Facts, age, first_breach, needs_price_for_notional, price_breach

SHARDS = 4
NUMBERS = ("lot_size", "max_order_qty", "max_order_notional", "price_band")
TERMINAL_STEP_TIFS = ("IOC", "FOK")


class Engine:
    """Feed it records in their order; what it answers stands in executions, fills and rejects."""

    def __init__(self, rules: dict[str, Any]) -> None:
        """Take the numbers of rules.toml; None is no limit."""
        self.rules = {name: number(value) if name in NUMBERS else value for name, value in rules.items()}
        self.lot: Fraction = self.rules["lot_size"]
        self.executions: list[Message] = []
        self.fills: list[Message] = []
        self.rejects: list[tuple[str, str]] = []
        self.markets: dict[str, Market] = {}
        self.known: dict[tuple[str, str, str], Order] = {}
        self.open: dict[str, list[Order]] = defaultdict(list)
        self.refused: set[tuple[Any, ...]] = set()
        self.cancels: list[Cancel] = []
        self.windows: dict[tuple[str, str, int], int | None] = {}
        self.state = "ACTIVE"
        self.state_offset = -1
        self.wall_us = 0

    # What comes in

    def tick(self, message: Message, place: Place, wall_us: int) -> None:
        """Take a record of the topic ticks."""
        self.wall_us = max(self.wall_us, wall_us)
        try:
            quote = read_quote(message, place)
        except RejectError as reject:
            self.rejects.append((place.input, str(reject)))
            return
        if self.market(message["symbol"]).accept(quote, self.wall_us):
            self.step(message["symbol"], place.input)

    def order(self, message: Message, place: Place, wall_us: int) -> None:
        """Take a record of the topic orders."""
        self.wall_us = max(self.wall_us, wall_us)
        try:
            if message["msg_type"] == "trading_state":
                self.on_state(message, place)
            elif message["msg_type"] == "cancel":
                self.on_cancel(read_cancel(message, place))
            elif message["msg_type"] == "portfolio_order":
                for order in read_components(message, place, self.rules["symbols"]):
                    self.on_order(order)
            else:
                self.on_order(read_order(message, place))
        except RejectError as reject:
            self.rejects.append((place.input, str(reject)))

    def second(self, wall_us: int) -> None:
        """Let a second of wall time be over."""
        self.wall_us = max(self.wall_us, wall_us)
        for symbol in self.symbols():
            self.step(symbol, None)

    # Orders

    def on_order(self, order: Order) -> None:
        known = self.known.get(order.identity)
        if known is not None:
            if known.content_hash != order.content_hash:
                self.refuse_duplicate(order)
            return
        self.known[order.identity] = order
        facts = self.facts(order.symbol)
        breach = first_breach(order, facts)
        if breach is not None:
            code, reason, numbers = breach
            order.status = "REJECTED"
            self.report(order, "REJECTED", order.input, text=code_text(code, numbers), ord_rej_reason=reason)
            return
        order.end_us, order.new_time_us = self.end_us(order), self.time_us(order)
        self.open[order.symbol].append(order)
        self.report(order, "NEW", order.input)
        cancel = self.waiting_cancel(order)
        if cancel is not None:
            self.cancel(order, cancel, order.input)
        else:
            needs_price = needs_price_for_notional(order) or order.ord_type in ("LIMIT", "STOP_LIMIT")
            order.unchecked = facts.nbbo is None and needs_price
            if not order.is_waiting_stop:
                self.join(order)
        self.step(order.symbol, order.input)

    def refuse_duplicate(self, order: Order) -> None:
        if (order.identity, order.content_hash) in self.refused:
            return
        self.refused.add((order.identity, order.content_hash))
        order.status = "REJECTED"
        text = code_text("DUPLICATE_ORDER", {"cl_ord_id": order.cl_ord_id})
        self.report(
            order, "REJECTED", order.input, text=text, ord_rej_reason=6, content_hash=order.content_hash
        )

    # Cancels

    def on_cancel(self, cancel: Cancel) -> None:
        if cancel.list_id is not None:
            self.on_list_cancel(cancel)
            return
        identity = ("cancel", cancel.account, cancel.symbol, cancel.cl_ord_id)
        if (identity, cancel.content_hash) in self.refused:
            return
        same = [
            other
            for other in self.cancels
            if ("cancel", other.account, other.symbol, other.cl_ord_id) == identity and other.list_id is None
        ]
        if same and same[0].content_hash == cancel.content_hash:
            return
        order = next((order for order in self.known.values() if cancel.means(order)), None)
        if same:
            self.refused.add((identity, cancel.content_hash))
            self.refuse_cancel(cancel, order, "DUPLICATE_ORDER", 6, {"cl_ord_id": cancel.cl_ord_id})
            return
        self.cancels.append(cancel)
        assert cancel.symbol is not None
        stale = age(cancel.order_time_us, self.facts(cancel.symbol))
        if stale is not None:
            self.refuse_cancel(cancel, order, "STALE_ORDER", 99, stale)
        elif order is None:
            cancel.is_waiting = True
            numbers = {"orig_cl_ord_id": cancel.orig_cl_ord_id}
            self.refuse_cancel(cancel, order, "UNKNOWN_ORDER", 1, numbers)
        elif not order.is_open:
            self.refuse_cancel(cancel, order, "TOO_LATE", 0, {"ord_status": order.status})
        else:
            self.cancel(order, cancel, cancel.input)

    def on_list_cancel(self, cancel: Cancel) -> None:
        seen = [other.content_hash for other in self.cancels if other.list_id is not None]
        if cancel.content_hash in seen:
            return
        cancel.is_waiting = True
        self.cancels.append(cancel)
        meant = [order for order in self.known.values() if order.is_open and cancel.means(order)]
        for order in sorted(meant, key=lambda order: shard(order.symbol)):
            if age(cancel.order_time_us, self.facts(order.symbol)) is None:
                self.cancel(order, cancel, cancel.input)

    def waiting_cancel(self, order: Order) -> Cancel | None:
        """Return the cancel that came before this order and means it."""
        facts = self.facts(order.symbol)
        found = [
            cancel
            for cancel in self.cancels
            if cancel.is_waiting
            and cancel.means(order)
            and order.order_time_us <= cancel.order_time_us
            and age(cancel.order_time_us, facts) is None
        ]
        return min(found, key=lambda cancel: (-cancel.order_time_us, cancel.cl_ord_id), default=None)

    def cancel(self, order: Order, cancel: Cancel, cause: str) -> None:
        order.status = "CANCELED"
        text = code_text("CANCEL_REQUESTED", {"cl_ord_id": cancel.cl_ord_id})
        time_us = max(self.time_us(order), cancel.order_time_us)
        self.report(order, "CANCELED", cause, text=text, time_us=time_us)

    def refuse_cancel(
        self, cancel: Cancel, order: Order | None, code: str, reason: int, numbers: dict[str, Any]
    ) -> None:
        assert cancel.symbol is not None
        status = "REJECTED" if order is None else order.status
        time_us = max(cancel.order_time_us, self.market(cancel.symbol).tick_time_us or 0)
        self.executions.append(cancel_reject(cancel, code, reason, numbers, status=status, time_us=time_us))

    # The trading state

    def on_state(self, message: Message, place: Place) -> None:
        place.time_us(message)
        if place.partition != 0:
            raise RejectError("WRONG_PARTITION")
        if place.offset <= self.state_offset:
            return
        self.state, self.state_offset = message["state"], place.offset
        for symbol in self.symbols():
            self.step(symbol, place.input)

    def is_halted(self, side: str) -> bool:
        return self.state == "HALTED" or (self.state == "REDUCING" and side == "BUY")

    # A step

    def step(self, symbol: str, cause: str | None) -> None:
        """Do all that a step does; cause: the message's place, None for the passing of time."""
        self.open_windows(symbol)
        self.expire(symbol)
        nbbo = self.market(symbol).uncrossed(self.wall_us)
        if nbbo is not None:
            self.check_prices(symbol, cause)
            self.trigger(symbol, nbbo)
            for order in self.tradable(symbol):
                if order.priority == 1:
                    self.sweep(order, cause)
            self.trade_blocks(symbol, cause)
        for order in list(self.open[symbol]):
            if order.time_in_force in TERMINAL_STEP_TIFS:
                self.end_what_cannot_wait(order, cause)

    def expire(self, symbol: str) -> None:
        now_us = self.clock(symbol)
        for order in list(self.open[symbol]):
            if order.end_us is not None and now_us is not None and order.end_us <= now_us:
                order.status = "EXPIRED"
                time_us = max(order.end_us, order.new_time_us)
                self.report(order, "EXPIRED", order.input, nbbo=(None, None), time_us=time_us)

    def end_us(self, order: Order) -> int | None:
        """Return when an order ends by itself."""
        if order.time_in_force != "DAY":
            return order.expire_time_us
        zone = ZoneInfo(self.rules["time_zone"])
        day = datetime.fromtimestamp(order.order_time_us // MICROSECONDS, zone).date() + timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * MICROSECONDS

    def check_prices(self, symbol: str, cause: str | None) -> None:
        for order in list(self.open[symbol]):
            if order.unchecked and not self.is_halted(order.side):
                order.unchecked = False
                breach = price_breach(order, self.facts(symbol))
                if breach is not None:
                    order.status = "CANCELED"
                    self.report(order, "CANCELED", cause, text=code_text(*breach))

    def trigger(self, symbol: str, nbbo: tuple[Fraction, Fraction]) -> None:
        bid, ask = nbbo
        for order in self.open[symbol]:
            if order.is_waiting_stop and not self.is_halted(order.side):
                assert order.stop_px is not None
                if ask >= order.stop_px if order.side == "BUY" else bid <= order.stop_px:
                    order.triggered = True
                    self.join(order)

    def tradable(self, symbol: str) -> list[Order]:
        """Return the open orders that may trade now, by arrival."""
        return [
            order
            for order in self.open[symbol]
            if not order.is_waiting_stop and not self.is_halted(order.side)
        ]

    def sweep(self, order: Order, cause: str | None) -> None:
        levels = self.market(order.symbol).levels(order.side, self.wall_us)
        if order.time_in_force == "FOK" and not self.would_end(order, levels):
            return
        sweep(order, levels, self.lot, lambda *took: self.trade(*took, cause), self.no_lot(cause))

    def would_end(self, order: Order, levels: list[Quote]) -> bool:
        """Whether a sweep would end the order: try it with copies."""
        trial = replace(order)

        def take(_: Order, quote: Quote, quantity: Fraction) -> None:
            book(trial, quantity, quote.price(order.side), self.lot)

        def end(_: Order, __: Fraction) -> None:
            trial.status = "FILLED"

        sweep(trial, levels, self.lot, take, end)
        return not trial.is_open

    def end_what_cannot_wait(self, order: Order, cause: str | None) -> None:
        bid, ask = self.market(order.symbol).nbbo(self.wall_us)
        has_price = self.market(order.symbol).uncrossed(self.wall_us) is not None
        left = "leaves_cash" if order.is_by_cash else "leaves_qty"
        if not has_price:
            text = code_text("NO_QUOTE", {"crossed": "no" if bid is None or ask is None else "yes"})
        else:
            code = "IOC_REMAINDER" if order.time_in_force == "IOC" else "FOK_NOT_FILLED"
            asked = order.cash_order_qty if order.is_by_cash else order.order_qty
            assert asked is not None
            done = order.cum_cash if order.is_by_cash else order.cum_qty
            text = code_text(code, {left: asked - done})
        order.status = "CANCELED"
        self.report(order, "CANCELED", cause, text=text)

    # Groups and blocks

    def group(self, symbol: str, side: str, priority: int) -> list[Order]:
        return [
            order
            for order in self.open[symbol]
            if order.side == side and order.priority == priority and not order.is_waiting_stop
        ]

    def join(self, order: Order) -> None:
        """Let an order join its group; the first one opens a window."""
        key = (order.symbol, order.side, order.priority)
        if order.priority > 1 and self.group(*key) == [order]:
            self.windows[key] = self.window_end(order.symbol)

    def window_end(self, symbol: str) -> int | None:
        now_us = self.clock(symbol)
        return None if now_us is None else now_us + self.rules["aggregation_window_ms"] * 1000

    def open_windows(self, symbol: str) -> None:
        """Open the windows that had to wait for a clock."""
        for key, end_us in self.windows.items():
            if key[0] == symbol and end_us is None:
                self.windows[key] = self.window_end(symbol)

    def trade_blocks(self, symbol: str, cause: str | None) -> None:
        found = {(order.priority, order.side) for order in self.tradable(symbol) if order.priority > 1}
        for priority, side in sorted(found):
            key = (symbol, side, priority)
            window_end, now_us = self.windows[key], self.clock(symbol)
            assert window_end is not None
            assert now_us is not None
            if now_us >= window_end:
                self.trade_block(key, cause)

    def trade_block(self, key: tuple[str, str, int], cause: str | None) -> None:
        trades = len(self.fills)
        levels = self.market(key[0]).levels(key[1], self.wall_us)
        block(self.group(*key), levels, self.lot, lambda *took: self.trade(*took, cause), self.no_lot(cause))
        if len(self.fills) > trades:
            self.windows[key] = self.window_end(key[0])

    # What happens to one order

    def trade(self, order: Order, quote: Quote, quantity: Fraction, cause: str | None) -> None:
        price = quote.price(order.side)
        quote.taken[order.side] += quantity
        book(order, quantity, price, self.lot)
        self.report(order, "TRADE", cause, trade=Trade(quantity, price, quote))
        self.fills.append(fill(self.executions[-1]))

    def no_lot(self, cause: str | None) -> Any:
        """Return what ends a cash BUY that can buy no lot at a price."""

        def end(order: Order, price: Fraction) -> None:
            assert order.cash_order_qty is not None
            numbers = {
                "leaves_cash": order.cash_order_qty - order.cum_cash,
                "price": price,
                "lot_size": self.lot,
            }
            order.status = "FILLED" if order.cum_qty else "CANCELED"
            exec_type = "RESTATED" if order.cum_qty else "CANCELED"
            self.report(order, exec_type, cause, text=code_text("BELOW_MIN_QTY", numbers))

        return end

    def report(
        self,
        order: Order,
        exec_type: str,
        cause: str | None,
        *,
        nbbo: Nbbo | None = None,
        time_us: int | None = None,
        **told: Any,
    ) -> None:
        """Tell what happened; an order that has ended is no longer open."""
        if not order.is_open and order in self.open[order.symbol]:
            self.open[order.symbol] = [other for other in self.open[order.symbol] if other is not order]
        self.executions.append(
            execution(
                order,
                exec_type,
                nbbo or self.market(order.symbol).nbbo(self.wall_us),
                cause or order.input,
                self.time_us(order) if time_us is None else time_us,
                **told,
            )
        )

    # Facts

    def market(self, symbol: str) -> Market:
        if symbol not in self.markets:
            self.markets[symbol] = Market(self.rules["max_quote_age_ms"] * 1000)
        return self.markets[symbol]

    def clock(self, symbol: str) -> int | None:
        return self.market(symbol).clock(self.wall_us)

    def time_us(self, order: Order) -> int:
        return max(order.order_time_us, self.market(order.symbol).tick_time_us or 0)

    def facts(self, symbol: str) -> Facts:
        nbbo = self.market(symbol).uncrossed(self.wall_us)
        return Facts(self.rules, self.state, self.clock(symbol), len(self.open[symbol]), nbbo)

    def symbols(self) -> list[str]:
        """Return the symbols with open orders, by shard."""
        found = [symbol for symbol in self.open if self.open[symbol]]
        return sorted(found, key=lambda symbol: (shard(symbol), symbol))


def shard(symbol: str) -> int:
    return crc32(symbol.encode()) % SHARDS


def book(order: Order, quantity: Fraction, price: Fraction, lot: Fraction) -> None:
    """Write a trade down in its order."""
    order.trades += 1
    order.cum_qty += quantity
    order.cum_cash += quantity * price
    order.status = "FILLED" if is_filled(order, price, lot) else "PARTIALLY_FILLED"
