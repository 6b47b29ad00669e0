"""Records of the topics executions and fills."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from reference.instruments import Instrument
from reference.market import Quote
from reference.messages import Cancel, Order
from reference.numbers import plain, seconds_text, text_of

NAME_SPACE = uuid5(NAMESPACE_DNS, "executions.fintank")
ORDERS = uuid5(NAMESPACE_DNS, "orders.fintank")
RESTATEMENTS = {"MAX_ORDER_QTY": 4, "MAX_ORDER_NOTIONAL": 4, "PRICE_BAND": 4, "BELOW_MIN_QTY": 5}

Nbbo = tuple[Fraction | None, Fraction | None]


@dataclass
class Trade:
    """What an order took of a quote."""

    quantity: Fraction
    price: Fraction
    quote: Quote
    commission: Fraction


def exec_id(*parts: str) -> str:
    """Name a report by account, symbol, cl_ord_id, exec_type, number and content_hash."""
    return str(uuid5(NAME_SPACE, joined(*parts)))


def order_id(order: Order) -> str:
    """Name an order by account, symbol, cl_ord_id and content_hash, as it first came."""
    if order.first_order_id is not None:
        return order.first_order_id
    return str(uuid5(ORDERS, joined(*order.identity, order.content_hash)))


def joined(*parts: str) -> str:
    return ",".join(f"{len(part)}:{part}" for part in parts)


def restatement(exec_type: str, text: str | None) -> int | None:
    """Say why the engine ended an order that nobody canceled."""
    if exec_type not in ("RESTATED", "CANCELED") or text is None:
        return None
    return RESTATEMENTS.get(text.split()[0].removeprefix("code="))


def code_text(code: str, numbers: dict[str, Any]) -> str:
    return " ".join([f"code={code}", *(f"{name}={text_of(value)}" for name, value in numbers.items())])


def execution(
    order: Order,
    exec_type: str,
    nbbo: Nbbo,
    cause: str,
    time_us: int,
    *,
    log_us: int,
    as_of: str | None,
    instrument: Instrument,
    trade: Trade | None = None,
    text: str | None = None,
    ord_rej_reason: int | None = None,
    names: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Tell of an order as it is after the event; names: cl_ord_id and orig_cl_ord_id of a request."""
    number = len(order.trades) if trade is not None else 0
    record = {
        "exec_id": exec_id(*order.identity, exec_type, str(number), order.content_hash),
        "exec_type": exec_type,
        "ord_status": order.status,
        "order_id": order_id(order),
        "cl_ord_id": names[0] if names else order.cl_ord_id,
        "orig_cl_ord_id": names[1] if names else None,
        "list_id": order.list_id,
        "account": order.account,
        "symbol": order.symbol,
        "side": order.side,
        "ord_type": order.ord_type,
        "time_in_force": order.time_in_force,
        "priority": order.priority,
        **quantities(order, instrument),
        "cash_order_qty": order.cash_order_qty,
        "price": order.price,
        "stop_px": order.stop_px,
        "currency": instrument.currency,
        "multiplier": instrument.multiplier,
        **traded(trade),
        "bid": nbbo[0],
        "ask": nbbo[1],
        "input": cause,
        "ord_rej_reason": ord_rej_reason,
        "exec_restatement_reason": restatement(exec_type, text),
        "text": text,
        "order_time": seconds_text(order.order_time_us),
        "transact_time": seconds_text(time_us),
        "log_time": seconds_text(log_us),
        "as_of": as_of,
    }
    return {name: text_of(value) for name, value in record.items()}


def traded(trade: Trade | None) -> dict[str, Any]:
    """Return what describes a trade."""
    return {
        "last_qty": trade.quantity if trade else None,
        "last_px": trade.price if trade else None,
        "last_mkt": trade.quote.exchange if trade else None,
        "commission": trade.commission if trade else None,
        "quote_ids": [trade.quote.quote_id] if trade else [],
    }


def quantities(order: Order, instrument: Instrument) -> dict[str, Fraction | None]:
    """Return what was asked for, is done and is left."""
    avg_px = order.cum_cash / instrument.multiplier / order.cum_qty if order.cum_qty else None
    found: dict[str, Fraction | None] = {
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "leaves_qty": Fraction(),
        "leaves_cash": None,
        "residual_cash": None,
        "avg_px": None if avg_px is None else round(avg_px, 12),
    }
    if order.cash_order_qty is not None:
        left = order.cash_order_qty - order.cum_cash
        found["order_qty"] = None if order.is_open else order.cum_qty
        found["leaves_qty"] = None if order.is_open else Fraction()
        found["leaves_cash"] = left if order.is_open else Fraction()
        found["residual_cash"] = None if order.is_open else left
    elif order.is_open:
        assert order.order_qty is not None
        found["leaves_qty"] = order.order_qty - order.cum_qty
    return found


def fill(report: dict[str, Any]) -> dict[str, Any]:
    """Book a TRADE."""
    quantity, price = Fraction(report["last_qty"]), Fraction(report["last_px"])
    shares = quantity if report["side"] == "BUY" else -quantity
    names = (
        "exec_id",
        "cl_ord_id",
        "list_id",
        "account",
        "symbol",
        "side",
        "last_qty",
        "last_px",
        "last_mkt",
    )
    return {
        **{name: report[name] for name in names},
        "delta_shares": plain(shares),
        "delta_cash": plain(-shares * price * Fraction(report["multiplier"])),
        "currency": report["currency"],
        "multiplier": report["multiplier"],
        "commission": report["commission"],
        "transact_time": report["transact_time"],
    }


def cancel_reject(
    cancel: Cancel,
    code: str,
    reason: int,
    numbers: dict[str, Any],
    *,
    status: str,
    time_us: int,
    log_us: int,
    as_of: str | None,
) -> dict[str, Any]:
    """Refuse a cancel."""
    assert cancel.symbol is not None
    return {
        "exec_id": exec_id(
            cancel.account, cancel.symbol, cancel.cl_ord_id, "CANCEL_REJECTED", "0", cancel.content_hash
        ),
        "exec_type": "CANCEL_REJECTED",
        "cl_ord_id": cancel.cl_ord_id,
        "orig_cl_ord_id": cancel.orig_cl_ord_id,
        "account": cancel.account,
        "symbol": cancel.symbol,
        "ord_status": status,
        "cxl_rej_response_to": cancel.response_to,
        "cxl_rej_reason": reason,
        "text": code_text(code, numbers),
        "input": cancel.input,
        "order_time": seconds_text(cancel.order_time_us),
        "transact_time": seconds_text(time_us),
        "log_time": seconds_text(log_us),
        "as_of": as_of,
    }
