"""Cancels, mass cancels and replaces."""

from dataclasses import replace
from typing import Any

from reference.books import shard
from reference.forgetting import Forgetting
from reference.messages import Cancel, MassCancel, Order, Replace
from reference.reports import cancel_reject, code_text, order_id
from reference.rules import LIMIT_TYPES, Facts, age, first_breach

Refusal = tuple[str, int, dict[str, Any]]


class Requests(Forgetting):
    """Does what is asked for with orders that are there."""

    def on_cancel(self, cancel: Cancel) -> None:
        if cancel.list_id is not None:
            self.on_list_cancel(cancel)
            return
        identity = ("cancel", cancel.account, cancel.symbol, cancel.cl_ord_id)
        if (identity, cancel.content_hash) in self.refused:
            return
        same = self.request_of(identity)
        if same is not None and same.content_hash == cancel.content_hash:
            return
        order = next((order for order in self.known.values() if cancel.means(order)), None)
        if self.is_taken(identity):
            self.refused.add((identity, cancel.content_hash))
            self.close(("refused", identity, cancel.content_hash), cancel.symbol, cancel.order_time_us)
            self.refuse_cancel(cancel, order, "DUPLICATE_ORDER", 6, {"cl_ord_id": cancel.cl_ord_id})
            return
        self.cancels.append(cancel)
        self.close(("cancel", cancel.input), cancel.symbol, cancel.order_time_us)
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
        self.close(("cancel", cancel.input), cancel.symbol, cancel.order_time_us)
        self.cancel_all(cancel)

    def cancel_all(self, cancel: Cancel | MassCancel) -> None:
        """Cancel all that is meant, and then do the step of each symbol."""
        meant = [order for order in self.known.values() if order.is_open and cancel.means(order)]
        meant = [order for order in meant if age(cancel.order_time_us, self.facts(order.symbol)) is None]
        for order in sorted(meant, key=by_arrival):
            self.end(order, cancel, cancel.input)
        for _, symbol in sorted({(shard(order.symbol), order.symbol) for order in meant}):
            self.step(symbol, cancel.input)

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
        self.end(order, cancel, cause)
        self.step(order.symbol, cause)

    def end(self, order: Order, cancel: Cancel | MassCancel, cause: str) -> None:
        order.status = "CANCELED"
        text = code_text("CANCEL_REQUESTED", {"cl_ord_id": cancel.cl_ord_id})
        time_us = max(self.time_us(order), cancel.order_time_us)
        self.report(
            order, "CANCELED", cause, text=text, time_us=time_us, names=(cancel.cl_ord_id, order.cl_ord_id)
        )

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

    def on_mass_cancel(self, cancel: MassCancel) -> None:
        if cancel.content_hash in self.mass_cancels:
            return
        self.mass_cancels.add(cancel.content_hash)
        self.close(("mass", cancel.content_hash), cancel.symbol, cancel.order_time_us)
        self.cancel_all(cancel)

    def on_replace(self, request: Replace) -> None:
        identity = ("cancel", request.account, request.symbol, request.cl_ord_id)
        if (identity, request.content_hash) in self.refused:
            return
        taken = self.request_of(identity)
        if taken is not None and taken.content_hash == request.content_hash:
            return
        order = next((order for order in self.known.values() if request.means(order)), None)
        is_taken = self.is_taken(identity)
        if is_taken:
            self.refused.add((identity, request.content_hash))
            self.close(("refused", identity, request.content_hash), request.symbol, request.order_time_us)
        else:
            self.cancels.append(request)
            self.close(("cancel", request.input), request.symbol, request.order_time_us)
        refusal = self.replace_refusal(request, order, is_taken)
        if refusal is not None:
            self.refuse_cancel(request, order, *refusal)
            return
        assert order is not None
        self.carry_out(order, self.replacement(order, request), request)

    def replace_refusal(self, request: Replace, order: Order | None, is_taken: bool) -> Refusal | None:
        """Return code, cxl_rej_reason and numbers of why a replace is refused."""
        assert request.symbol is not None
        facts = self.facts(request.symbol)
        stale = None if is_taken else age(request.order_time_us, facts)
        if stale is not None:
            return "STALE_ORDER", 99, stale
        if is_taken or request.identity in self.known:
            return "DUPLICATE_ORDER", 6, {"cl_ord_id": request.cl_ord_id}
        if order is None:
            return "UNKNOWN_ORDER", 1, {"orig_cl_ord_id": request.orig_cl_ord_id}
        if not order.is_open:
            return "TOO_LATE", 0, {"ord_status": order.status}
        return self.terms_refusal(request, order, facts)

    def terms_refusal(self, request: Replace, order: Order, facts: Facts) -> Refusal | None:
        """Return why an order can't have these terms."""
        changed = changes(order, request)
        for name in ("cash_order_qty", "order_qty", "stop_px"):
            unused = order.triggered if name == "stop_px" else getattr(order, name) is None
            if name in changed and unused:
                return "UNEXPECTED_FIELD", 99, {"field": name}
        facts.open_orders -= 1
        new = self.replacement(order, request)
        breach = first_breach(new, facts)
        if breach is not None:
            return breach[0], {"PRICE_BAND": 8, "BAD_TICK": 18}.get(breach[0], 99), breach[2]
        name, done = ("cash_order_qty", "cum_cash") if order.is_by_cash else ("order_qty", "cum_qty")
        if getattr(new, name) < getattr(new, done):
            return "BELOW_CUM_QTY", 99, {name: getattr(new, name), done: getattr(new, done)}
        return None

    def replacement(self, order: Order, request: Replace) -> Order:
        """Return a copy of an order with its new name and terms."""
        return replace(
            order,
            **request.terms,
            cl_ord_id=request.cl_ord_id,
            order_time_us=request.order_time_us,
            content_hash=request.content_hash,
            input=request.input,
            first_order_id=order_id(order),
        )

    def carry_out(self, order: Order, new: Order, request: Replace) -> None:
        """Let an order go on as another."""
        name = "cash_order_qty" if order.is_by_cash else "order_qty"
        changed = changes(order, request)
        keeps_place = not changed - {name} and getattr(new, name) <= getattr(order, name)
        if "expire_time_us" in changed:
            new.end_us = new.expire_time_us
        new.new_time_us = self.time_us(new)
        has_reference = self.facts(new.symbol).reference is not None
        new.unchecked = new.ord_type in LIMIT_TYPES and not has_reference
        if getattr(new, name) == (new.cum_cash if new.is_by_cash else new.cum_qty):
            new.status = "FILLED"
        order.status = "REPLACED"
        self.close(("order", *order.identity), order.symbol, order.order_time_us)
        self.known[new.identity] = new
        place = self.open[order.symbol].index(order)
        self.open[order.symbol].remove(order)
        if keeps_place:
            self.open[order.symbol].insert(place, new)
        else:
            new.arrival = self.next_arrival()
            self.open[order.symbol].append(new)
        self.report(new, "REPLACED", request.input, names=(new.cl_ord_id, order.cl_ord_id))
        cancel = self.waiting_cancel(new) if new.is_open else None
        if cancel is not None:
            self.cancel(new, cancel, request.input)
        elif new.is_open and not keeps_place and not new.is_waiting_stop:
            self.join(new)
        self.step(new.symbol, request.input)


def changes(order: Order, request: Replace) -> set[str]:
    """Return the terms that a replace changes."""
    return {name for name, value in request.terms.items() if value != getattr(order, name)}


def by_arrival(order: Order) -> tuple[int, int]:
    return shard(order.symbol), order.arrival
