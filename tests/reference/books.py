"""What the reference engine holds: markets, orders and windows, and the records that came out of them."""

from collections import defaultdict
from fractions import Fraction
from typing import Any
from zlib import crc32

from reference.instruments import Instrument, Instruments
from reference.market import Market, Quote
from reference.matching import is_filled
from reference.messages import Cancel, Message, Order
from reference.numbers import number
from reference.reports import Nbbo, Trade, code_text, execution, fill
from reference.rules import Facts, is_forbidden, trade_breach

SHARDS = 4
STATES = ("ACTIVE", "SELL_ONLY", "HALTED")
NUMBERS = ("max_order_qty", "max_order_notional", "price_band", "market_collar")


class Books:
    """All state, and what happens to a single order."""

    def __init__(self, rules: dict[str, Any]) -> None:
        """Take the numbers of rules.toml, None is no limit, and the content of instruments.toml."""
        self.rules = {name: number(value) if name in NUMBERS else value for name, value in rules.items()}
        self.instruments = Instruments(rules["instruments"])
        self.events = 0
        self.executions: list[Message] = []
        self.fills: list[Message] = []
        self.rejects: list[tuple[str, str]] = []
        self.markets: dict[str, Market] = {}
        self.known: dict[tuple[str, str, str], Order] = {}
        self.open: dict[str, list[Order]] = defaultdict(list)
        self.refused: set[tuple[Any, ...]] = set()
        self.closings: dict[tuple[Any, ...], tuple[int, int, int | None, str | None]] = {}
        """When the retention of what was closed began, its timestamp, its shard (None: all), and by which
        symbol's clock."""
        self.forgotten: dict[str, int] = defaultdict(int)
        self.forgotten_without = [0] * SHARDS
        """The latest timestamp of what was forgotten: of a symbol; of a shard's symbols without a clock."""
        self.cancels: list[Cancel] = []
        """Replaces among them: they share the names of cancels, and wait for no order."""
        self.mass_cancels: set[str] = set()
        self.windows: dict[tuple[str, str, int], int | None] = {}
        self.states: dict[tuple[str | None, str | None], tuple[str, int]] = {}
        """By symbol and account, None for any: the state and its offset."""
        self.arrivals = 0
        self.log_us = 0

    def currency(self, symbol: str) -> str:
        return self.instruments.of(symbol).currency

    # Markets and clocks

    def market(self, symbol: str) -> Market:
        if symbol not in self.markets:
            lag_ms, age_ms = self.rules["max_quote_lag_ms"], self.rules["max_quote_age_ms"]
            self.markets[symbol] = Market(lag_ms * 1000, age_ms * 1000)
        return self.markets[symbol]

    def clock(self, symbol: str) -> int | None:
        return self.market(symbol).clock(self.log_us)

    def time_us(self, order: Order) -> int:
        return max(order.order_time_us, self.market(order.symbol).tick_time_us or 0)

    def facts(self, symbol: str) -> Facts:
        nbbo = self.market(symbol).nbbo(self.log_us)
        now_us, open_orders = self.clock(symbol), len(self.open[symbol])
        forgotten_us = self.forgotten_without[shard(symbol)] if now_us is None else self.forgotten[symbol]
        times = now_us, self.log_us, forgotten_us
        reference, instrument = self.market(symbol).reference(self.log_us), self.instruments.of(symbol)
        return Facts(self.rules, instrument, self.state, *times, open_orders, nbbo, reference)

    def state(self, order: Order) -> str:
        """Return the most restrictive of the states for everything, the order's symbol and its account."""
        scopes = [(None, None), (order.symbol, None), (None, order.account)]
        found = [self.states[scope][0] for scope in scopes if scope in self.states]
        return max(found, key=STATES.index, default="ACTIVE")

    def close(self, key: tuple[Any, ...], symbol: str | None, time_us: int) -> None:
        """Let the retention of something begin; symbol: None if it is about several."""
        now_us = None if symbol is None else self.clock(symbol)
        closed_us = max(time_us, self.log_us if now_us is None else now_us)
        number = None if symbol is None else shard(symbol)
        self.closings[key] = (closed_us, time_us, number, None if now_us is None else symbol)

    def symbols(self) -> list[str]:
        """Return the symbols with open orders, by shard."""
        found = [symbol for symbol in self.open if self.open[symbol]]
        return sorted(found, key=lambda symbol: (shard(symbol), symbol))

    def is_halted(self, order: Order) -> bool:
        return is_forbidden(self.state(order), order)

    # Groups of block orders

    def group(self, symbol: str, side: str, priority: int) -> list[Order]:
        return [
            order
            for order in self.open[symbol]
            if order.side == side and order.priority == priority and not order.is_waiting_stop
        ]

    def next_arrival(self) -> int:
        self.arrivals += 1
        return self.arrivals

    def join(self, order: Order) -> None:
        """Let an order join its group; the first one opens a window."""
        key = (order.symbol, order.side, order.priority)
        if order.priority > 1 and self.group(*key) == [order]:
            self.windows[key] = self.window_end(order.symbol)

    def window_end(self, symbol: str) -> int | None:
        now_us = self.clock(symbol)
        return None if now_us is None else now_us + self.rules["aggregation_window_ms"] * 1000

    # What happens to one order

    def trade(self, order: Order, quote: Quote, quantity: Fraction, cause: str | None) -> None:
        price = quote.price(order.side)
        quote.taken[order.side] += quantity
        instrument = self.instruments.of(order.symbol)
        before = instrument.costs(order.trades)
        book(order, quantity, price, instrument)
        commission = instrument.costs(order.trades) - before
        self.report(order, "TRADE", cause, trade=Trade(quantity, price, quote, commission))
        self.fills.append(fill(self.executions[-1]))

    def no_lot(self, cause: str | None) -> Any:
        """Return what ends an order whose cash is too little at a price."""

        def end(order: Order, price: Fraction) -> None:
            assert order.cash_order_qty is not None
            instrument = self.instruments.of(order.symbol)
            numbers = {
                "leaves_cash": order.cash_order_qty - order.cum_cash,
                "price": price,
                "lot_size": instrument.lot_size,
            }
            if instrument.min_qty is not None:
                numbers["min_qty"] = instrument.min_qty
            order.status = "FILLED" if order.cum_qty else "CANCELED"
            exec_type = "RESTATED" if order.cum_qty else "CANCELED"
            self.report(order, exec_type, cause, text=code_text("BELOW_MIN_QTY", numbers))

        return end

    def cancel_for(self, order: Order, code: str, numbers: dict[str, Any], cause: str | None) -> None:
        order.status = "CANCELED"
        self.report(order, "CANCELED", cause, text=code_text(code, numbers))

    def is_within_limits(self, order: Order, cause: str | None) -> bool:
        """Whether an order that is about to trade may; otherwise it is CANCELED."""
        breach = trade_breach(order, self.facts(order.symbol))
        if breach is not None:
            self.cancel_for(order, *breach, cause)
        return breach is None

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
        self.events += 1
        if not order.is_open and self.known.get(order.identity) is order:
            self.close(("order", *order.identity), order.symbol, order.order_time_us)
        if not order.is_open and order in self.open[order.symbol]:
            self.open[order.symbol] = [other for other in self.open[order.symbol] if other is not order]
        self.executions.append(
            execution(
                order,
                exec_type,
                nbbo or self.market(order.symbol).nbbo(self.log_us),
                cause or order.input,
                self.time_us(order) if time_us is None else time_us,
                log_us=self.log_us,
                as_of=self.market(order.symbol).as_of(self.log_us),
                instrument=self.instruments.of(order.symbol),
                **told,
            )
        )


def shard(symbol: str) -> int:
    return crc32(symbol.encode()) % SHARDS


def book(order: Order, quantity: Fraction, price: Fraction, instrument: Instrument) -> None:
    """Write a trade down in its order."""
    order.trades = [*order.trades, (quantity, price)]
    order.cum_qty += quantity
    order.cum_cash += instrument.money(quantity, price)
    order.status = "FILLED" if is_filled(order, price, instrument) else "PARTIALLY_FILLED"
