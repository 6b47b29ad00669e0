"""A step: everything that an event or the passing of time leads to in one symbol."""

from dataclasses import replace
from fractions import Fraction

from reference.books import Books, book
from reference.market import Quote
from reference.matching import block, sweep
from reference.messages import Order
from reference.numbers import seconds_text
from reference.reports import code_text
from reference.rules import lacks_price, price_breach

TERMINAL_STEP_TIFS = ("IOC", "FOK")


class Steps(Books):
    """Does the steps of each symbol."""

    def step(self, symbol: str, cause: str | None) -> None:
        """Do all that a step does, until nothing more happens; cause: the message's place, None for the
        passing of time."""
        happened = -1
        while happened < self.events:
            happened = self.events
            self.step_once(symbol, cause)

    def step_times(self, symbol: str) -> list[int]:
        """Return the log times at which the passing of time causes a step."""
        market = self.market(symbol)
        if market.tick_time_us is None:
            return []
        ends = [order.end_us for order in self.open[symbol] if order.end_us is not None]
        windows = [
            end_us
            for key, end_us in self.windows.items()
            if key[0] == symbol and end_us is not None and self.group(*key)
        ]
        edges = [edge for session in self.instruments.of(symbol).sessions or [] for edge in session]
        return [market.log_time(time_us) for time_us in (*ends, *windows, *edges, *market.stale_times())]

    def step_once(self, symbol: str, cause: str | None) -> None:
        self.open_windows(symbol)
        self.expire(symbol)
        if self.instruments.of(symbol).is_open(self.clock(symbol)):
            self.check_prices(symbol, cause)
            self.trigger(symbol, cause)
            for order in self.tradable(symbol):
                if order.priority == 1:
                    self.sweep(order, cause)
            self.trade_blocks(symbol, cause)
        for order in list(self.open[symbol]):
            if order.time_in_force in TERMINAL_STEP_TIFS:
                self.end_what_cannot_wait(order, cause)

    def open_windows(self, symbol: str) -> None:
        """Open the windows that had to wait for a clock."""
        for key, end_us in self.windows.items():
            if key[0] == symbol and end_us is None:
                self.windows[key] = self.window_end(symbol)

    def expire(self, symbol: str) -> None:
        now_us = self.clock(symbol)
        for order in list(self.open[symbol]):
            if order.end_us is not None and now_us is not None and order.end_us <= now_us:
                order.status = "EXPIRED"
                time_us = max(order.end_us, order.new_time_us)
                self.report(order, "EXPIRED", order.input, nbbo=(None, None), time_us=time_us)

    def check_prices(self, symbol: str, cause: str | None) -> None:
        for order in list(self.open[symbol]):
            if order.unchecked and self.may_trade(order) and not lacks_price(order, self.facts(symbol)):
                order.unchecked = False
                self.events += 1
                breach = price_breach(order, self.facts(symbol))
                if breach is not None:
                    order.status = "CANCELED"
                    self.report(order, "CANCELED", cause, text=code_text(*breach))

    def may_trade(self, order: Order) -> bool:
        """Whether the state allows the order's side, and its side of the NBBO is not empty."""
        best = self.facts(order.symbol).best(order.side)
        return best is not None and not self.is_halted(order)

    def trigger(self, symbol: str, cause: str | None) -> None:
        for order in self.open[symbol]:
            if order.is_waiting_stop and self.may_trade(order):
                best = self.facts(symbol).best(order.side)
                assert order.stop_px is not None
                assert best is not None
                if best >= order.stop_px if order.side == "BUY" else best <= order.stop_px:
                    order.triggered = True
                    self.report(order, "TRIGGERED", cause)
                    self.join(order)

    def tradable(self, symbol: str) -> list[Order]:
        """Return the open orders that may trade now, by arrival."""
        return [order for order in self.open[symbol] if not order.is_waiting_stop and self.may_trade(order)]

    def sweep(self, order: Order, cause: str | None) -> None:
        levels = self.market(order.symbol).levels(order.side, self.log_us)
        if order.time_in_force == "FOK" and not self.would_end(order, levels):
            return
        instrument = self.instruments.of(order.symbol)
        sweep(order, levels, instrument, lambda *took: self.trade(*took, cause), self.no_lot(cause))

    def would_end(self, order: Order, levels: list[Quote]) -> bool:
        """Whether a sweep would end the order: try it with copies."""
        trial, instrument = replace(order), self.instruments.of(order.symbol)

        def take(_: Order, quote: Quote, quantity: Fraction) -> None:
            book(trial, quantity, quote.price(order.side), instrument)

        def end(_: Order, __: Fraction) -> None:
            trial.status = "FILLED"

        sweep(trial, levels, instrument, take, end)
        return not trial.is_open

    def end_what_cannot_wait(self, order: Order, cause: str | None) -> None:
        market = self.market(order.symbol)
        left = "leaves_cash" if order.is_by_cash else "leaves_qty"
        instrument, now_us = self.instruments.of(order.symbol), self.clock(order.symbol)
        if now_us is not None and not instrument.is_open(now_us):
            opens_us = instrument.next_open_us(now_us)
            opens = "unknown" if opens_us is None else seconds_text(opens_us)
            text = code_text("SESSION_CLOSED", {"opens": opens})
        elif not market.levels(order.side, self.log_us):
            text = code_text("NO_QUOTE", {"crossed": "yes" if market.crosses(self.log_us) else "no"})
        else:
            code = "IOC_REMAINDER" if order.time_in_force == "IOC" else "FOK_NOT_FILLED"
            asked = order.cash_order_qty if order.is_by_cash else order.order_qty
            assert asked is not None
            done = order.cum_cash if order.is_by_cash else order.cum_qty
            text = code_text(code, {left: asked - done})
        order.status = "CANCELED"
        self.report(order, "CANCELED", cause, text=text)

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
        levels = self.market(key[0]).levels(key[1], self.log_us)
        instrument = self.instruments.of(key[0])
        take = lambda *took: self.trade(*took, cause)  # noqa: E731
        group = [order for order in self.group(*key) if not self.is_halted(order)]
        block(group, levels, instrument, take, self.no_lot(cause))
        if len(self.fills) > trades:
            self.windows[key] = self.window_end(key[0])
