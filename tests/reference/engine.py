"""The engine: records and the passing of time in, records of executions and fills out."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reference.books import shard
from reference.market import read_quote
from reference.messages import Cancel, Message, Order, Place, RejectError, read_cancel, read_order
from reference.numbers import MICROSECONDS
from reference.portfolio import read_components
from reference.reports import cancel_reject, code_text
from reference.rules import age, first_breach, lacks_price
from reference.steps import Steps


class Engine(Steps):
    """Give it records in order; its answers are in executions, fills and rejects."""

    # Records

    def tick(self, message: Message, place: Place, log_us: int) -> None:
        """Take a record of the topic ticks."""
        self.pass_to(log_us)
        try:
            quote = read_quote(message, place, self.instruments.of(message["symbol"]).allow_negative)
        except RejectError as reject:
            self.rejects.append((place.input, str(reject)))
            return
        if self.market(message["symbol"]).accept(quote, self.log_us):
            self.step(message["symbol"], place.input)

    def order(self, message: Message, place: Place, log_us: int) -> None:
        """Take a record of the topic orders."""
        self.pass_to(log_us)
        try:
            if message["msg_type"] == "trading_state":
                self.on_state(message, place)
            elif message["msg_type"] == "cancel":
                self.on_cancel(read_cancel(message, place))
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
        if place.offset <= self.state_offset:
            return
        self.state, self.state_offset = message["state"], place.offset
        for symbol in self.symbols():
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
        self.open[order.symbol].append(order)
        self.report(order, "NEW", order.input)
        cancel = self.waiting_cancel(order)
        if cancel is not None:
            self.cancel(order, cancel, order.input)
        else:
            order.unchecked = lacks_price(order, facts)
            if not order.is_waiting_stop:
                self.join(order)
        self.step(order.symbol, order.input)

    def refuse_duplicate(self, order: Order) -> None:
        if (order.identity, order.content_hash) in self.refused:
            return
        self.refused.add((order.identity, order.content_hash))
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
        self.report(order, "CANCELED", cause, text=text, time_us=time_us, request=cancel.cl_ord_id)
        self.step(order.symbol, cause)

    def refuse_cancel(
        self, cancel: Cancel, order: Order | None, code: str, reason: int, numbers: dict[str, Any]
    ) -> None:
        assert cancel.symbol is not None
        status = "REJECTED" if order is None else order.status
        time_us = max(cancel.order_time_us, self.market(cancel.symbol).tick_time_us or 0)
        told = {"log_us": self.log_us, "as_of": self.market(cancel.symbol).as_of(self.log_us)}
        self.executions.append(
            cancel_reject(cancel, code, reason, numbers, status=status, time_us=time_us, **told)
        )
