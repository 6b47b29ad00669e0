"""A step: everything that an event or the passing of time leads to in one symbol."""

from dataclasses import replace
from fractions import Fraction

from reference.books import Books, book
from reference.market import Quote
from reference.matching import block, sweep
from reference.messages import Order
from reference.numbers import seconds_text
from reference.reports import code_text
from reference.rules import max_order_notional, price_band

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
        of_quotes = (*market.stale_times(), *market.candidate_times())
        return [market.log_time(time_us) for time_us in (*ends, *windows, *edges, *of_quotes)]

    def step_once(self, symbol: str, cause: str | None) -> None:
        self.open_windows(symbol)
        self.expire(symbol)
        if self.instruments.of(symbol).is_open(self.clock(symbol)):
            self.check_prices(symbol, cause)
            self.trigger(symbol, cause)
            self.trade_alone(symbol, cause)
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
            if order.unchecked and self.may_trade(order) and self.facts(symbol).reference is not None:
                order.unchecked = False
                self.events += 1
                numbers = price_band(order, self.facts(symbol))
                if numbers is not None:
                    self.cancel_for(order, "PRICE_BAND", numbers, cause)

    def may_trade(self, order: Order) -> bool:
        """Whether the state allows the order's side, and its side of the NBBO is not empty."""
        best = self.facts(order.symbol).best(order.side)
        return best is not None and not self.is_halted(order)

    def trigger(self, symbol: str, cause: str | None) -> None:
        for order in self.open[symbol]:
            if order.is_waiting_stop and self.may_trade(order):
                facts = self.facts(symbol)
                best = facts.best(order.side)
                assert order.stop_px is not None
                assert best is not None
                is_touched = best >= order.stop_px if order.side == "BUY" else best <= order.stop_px
                if not is_touched or not facts.is_collared(best):
                    continue
                numbers = max_order_notional(order, facts)
                if numbers is not None:
                    self.cancel_for(order, "MAX_ORDER_NOTIONAL", numbers, cause)
                else:
                    order.triggered = True
                    self.report(order, "TRIGGERED", cause)
                    self.join(order)

    def tradable(self, symbol: str) -> list[Order]:
        """Return the open orders that may trade now, by arrival."""
        return [order for order in self.open[symbol] if not order.is_waiting_stop and self.may_trade(order)]

    def trade_alone(self, symbol: str, cause: str | None) -> None:
        """Let the orders of priority 1 trade, by price and time; of the first of each side the earlier."""
        arrival = {id(order): place for place, order in enumerate(self.open[symbol])}
        waiting = [order for order in self.tradable(symbol) if order.priority == 1]
        waiting.sort(key=lambda order: (*price_rank(order), arrival[id(order)]))
        queues = {side: [order for order in waiting if order.side == side] for side in ("BUY", "SELL")}
        while True:
            for queue in queues.values():
                while queue and not self.can_trade(queue[0]):
                    del queue[0]
            heads = [queue[0] for queue in queues.values() if queue]
            if not heads:
                return
            order = min(heads, key=lambda order: arrival[id(order)])
            queues[order.side].remove(order)
            if self.is_within_limits(order, cause):
                self.sweep(order, cause)

    def can_trade(self, order: Order) -> bool:
        """Whether the best price at which anything is left, or for a cash order a lot, is one it allows."""
        least = self.instruments.of(order.symbol).lot_size if order.is_by_cash else 0
        for quote in self.market(order.symbol).levels(order.side, self.log_us):
            offer = quote.offer(order.side)
            if offer is None or (offer > 0 and offer >= least):
                return order.allows(quote.price(order.side))
        return False

    def levels_for(self, order: Order) -> list[Quote]:
        """Return the levels that an order may trade on: without a limit only those up to the collar."""
        levels = self.market(order.symbol).levels(order.side, self.log_us)
        return levels if order.has_limit else levels[: self.collared(order.symbol, order.side)]

    def collared(self, symbol: str, side: str) -> int:
        """Return how many levels come before the first that is beyond the collar."""
        facts, levels = self.facts(symbol), self.market(symbol).levels(side, self.log_us)
        beyond = [place for place, quote in enumerate(levels) if not facts.is_collared(quote.price(side))]
        return beyond[0] if beyond else len(levels)

    def sweep(self, order: Order, cause: str | None) -> None:
        levels = self.levels_for(order)
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
        market, facts = self.market(order.symbol), self.facts(order.symbol)
        levels, within = market.levels(order.side, self.log_us), self.levels_for(order)
        left = "leaves_cash" if order.is_by_cash else "leaves_qty"
        instrument, now_us = self.instruments.of(order.symbol), self.clock(order.symbol)
        if now_us is not None and not instrument.is_open(now_us):
            opens_us = instrument.next_open_us(now_us)
            opens = "unknown" if opens_us is None else seconds_text(opens_us)
            text = code_text("SESSION_CLOSED", {"opens": opens})
        elif not levels:
            text = code_text("NO_QUOTE", {"crossed": "yes" if market.crosses(self.log_us) else "no"})
        elif not order.has_limit and facts.reference is None:
            text = code_text("NO_REFERENCE", {})
        elif len(within) < len(levels):
            numbers = {
                "price": levels[len(within)].price(order.side),
                "reference": facts.reference,
                "market_collar": facts.rules["market_collar"],
            }
            text = code_text("PRICE_PROTECTION", numbers)
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
        for order in group:
            if order.allows(levels[0].price(order.side)):
                self.is_within_limits(order, cause)
        group = [order for order in group if order.is_open]
        if group:
            collared = self.collared(key[0], key[1])
            block(group, levels, collared, instrument, take=take, end=self.no_lot(cause))
        if len(self.fills) > trades:
            self.windows[key] = self.window_end(key[0])


def price_rank(order: Order) -> tuple[int, Fraction]:
    """Order by price: first those without a limit, then the better limit."""
    if not order.has_limit:
        return 0, Fraction()
    assert order.price is not None
    return 1, -order.price if order.side == "BUY" else order.price
