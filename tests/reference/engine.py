"""The engine: records and the passing of time in, records of executions and fills out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reference.market import read_quote
from reference.messages import (
    Message,
    Order,
    Place,
    RejectError,
    read_cancel,
    read_mass_cancel,
    read_order,
    read_replace,
)
from reference.numbers import MICROSECONDS
from reference.portfolio import read_components
from reference.reports import code_text
from reference.requests import Requests
from reference.rules import LIMIT_TYPES, first_breach


class Engine(Requests):
    """Give it records in order; its answers are in executions, fills and rejects."""

    # Records

    def tick(self, message: Message, place: Place, log_us: int) -> None:
        """Take a record of the topic ticks."""
        self.pass_to(log_us)
        self.forget()
        try:
            quote = read_quote(message, place, self.instruments.of(message["symbol"]).allow_negative)
        except RejectError as reject:
            self.rejects.append((place.input, str(reject)))
            return
        self.begin(message["symbol"], quote.time_us)
        if self.market(message["symbol"]).accept(quote, self.log_us):
            self.step(message["symbol"], place.input)

    def order(self, message: Message, place: Place, log_us: int) -> None:
        """Take a record of the topic orders."""
        self.pass_to(log_us)
        self.forget()
        try:
            if message["msg_type"] == "trading_state":
                self.on_state(message, place)
            elif message["msg_type"] == "cancel":
                self.on_cancel(read_cancel(message, place))
            elif message["msg_type"] == "replace":
                self.on_replace(read_replace(message, place))
            elif message["msg_type"] == "mass_cancel":
                self.on_mass_cancel(read_mass_cancel(message, place))
            elif message["msg_type"] == "portfolio_order":
                for order in read_components(message, place, self.rules["symbols"], self.currency):
                    self.on_order(order)
            else:
                self.on_order(read_order(message, place))
        except RejectError as reject:
            self.rejects.append((place.input, str(reject)))

    def pass_to(self, log_us: int) -> None:
        """Let log time pass: step by step, each at its own time."""
        while True:
            due = [(time_us, symbol) for symbol in self.symbols() for time_us in self.step_times(symbol)]
            due = [found for found in due if self.log_us < found[0] <= log_us]
            if not due:
                break
            self.log_us = min(due)[0]
            for time_us, symbol in sorted(due):
                if time_us == self.log_us:
                    self.step(symbol, None)
        self.log_us = log_us

    def on_state(self, message: Message, place: Place) -> None:
        place.time_us(message)
        if place.partition != 0:
            raise RejectError("WRONG_PARTITION")
        scope = (message.get("symbol"), message.get("account"))
        if None not in scope:
            raise RejectError("BAD_VALUE")
        if scope in self.states and place.offset <= self.states[scope][1]:
            return
        state = message["state"].replace("REDUCING", "SELL_ONLY")
        self.states[scope] = (state, place.offset)
        for symbol in self.symbols():
            if scope[0] in (None, symbol):
                self.step(symbol, place.input)

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
        order.arrival = self.next_arrival()
        self.open[order.symbol].append(order)
        self.report(order, "NEW", order.input)
        cancel = self.waiting_cancel(order)
        if cancel is not None:
            self.cancel(order, cancel, order.input)
        else:
            order.unchecked = order.ord_type in LIMIT_TYPES and facts.reference is None
            if not order.is_waiting_stop:
                self.join(order)
        self.step(order.symbol, order.input)

    def refuse_duplicate(self, order: Order) -> None:
        if (order.identity, order.content_hash) in self.refused:
            return
        self.refused.add((order.identity, order.content_hash))
        self.close(("refused", order.identity, order.content_hash), order.symbol, order.order_time_us)
        order.status = "REJECTED"
        text = code_text("DUPLICATE_ORDER", {"cl_ord_id": order.cl_ord_id})
        self.report(order, "REJECTED", order.input, text=text, ord_rej_reason=6)

    def end_us(self, order: Order) -> int | None:
        """Return when an order expires."""
        if order.time_in_force != "DAY":
            return order.expire_time_us
        close_us = self.instruments.of(order.symbol).close_us(order.order_time_us)
        if close_us is not None:
            return close_us
        zone = ZoneInfo(self.rules["time_zone"])
        day = datetime.fromtimestamp(order.order_time_us // MICROSECONDS, zone).date() + timedelta(days=1)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * MICROSECONDS
