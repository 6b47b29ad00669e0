"""What was sent, as lines of text."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from fintank.terminal.texts import utc
from fintank.trading.decimals import EXACT, ZERO, plain
from fintank.trading.messages import CASH, Cancel, Order, PortfolioOrder
from fintank.trading.requests import Replace


def requested(
    message: Order | PortfolioOrder | Cancel | Replace, orders: Sequence[Order], life_id: str
) -> Iterator[str]:
    """Yield the lines of a message; orders: its orders that are shown; life_id: the id that was asked for."""
    placed = f"placed {utc(message.order_time_us / 1000)}"
    if isinstance(message, Replace):
        what = f"{message.symbol} {message.orig_cl_ord_id} becomes {message.cl_ord_id}"
        yield ", ".join([f"replace of {message.account}: {what}", *_new_terms(message), placed])
        return
    if isinstance(message, Cancel):
        is_of_list = message.list_id is not None
        what = "all open components" if is_of_list else f"{message.symbol} {message.orig_cl_ord_id}"
        yield f"cancel {message.cl_ord_id} of {message.account}: {what}, {placed}"
        return
    ends = "" if message.expire_time_us is None else f" until {utc(message.expire_time_us / 1000)}"
    terms = f"priority {message.priority}, {message.time_in_force}{ends}, {placed}"
    if isinstance(message, Order):
        kind = _kind(message)
        yield f"{kind} of {message.account}: {message.side} {message.symbol}, {_wanted(message)}, {terms}"
        return
    amount = plain(message.amount)
    yield f"portfolio order of {message.account}: {message.side} for {amount}, {terms}"
    for order in orders:
        yield f"component {order.cl_ord_id}: {_wanted(order)}"
    if message.order_id == life_id and any(spec.symbol == CASH for spec in message.portfolio):
        yield f"{CASH} keeps {plain(_kept_cash(message.amount, orders))}"


def _new_terms(request: Replace) -> Iterator[str]:
    terms = {
        "quantity": request.order_qty,
        "cash": request.cash_order_qty,
        "at": request.price,
        "stop": request.stop_px,
    }
    yield from (f"{name} {plain(value)}" for name, value in terms.items() if value is not None)
    if request.expire_time_us is not None:
        yield f"until {utc(request.expire_time_us / 1000)}"


def _kind(order: Order) -> str:
    """Describe an order with its prices, as in `STOP_LIMIT order at 94.5 stop 95`."""
    price = "" if order.price is None else f" at {plain(order.price)}"
    stop_px = "" if order.stop_px is None else f" stop {plain(order.stop_px)}"
    return f"{order.ord_type} order{price}{stop_px}"


def _wanted(order: Order) -> str:
    if order.refusal is not None:
        return f"rejected, {order.refusal.text}"
    if order.cash_order_qty is not None:
        return f"cash {plain(order.cash_order_qty)}"
    return "quantity -" if order.order_qty is None else f"quantity {plain(order.order_qty)}"


def _kept_cash(amount: Decimal, orders: Sequence[Order]) -> Decimal:
    """Return the part of an amount that stays cash; all of it if the portfolio order is rejected."""
    for order in orders:
        amount = EXACT.subtract(amount, order.cash_order_qty or ZERO)
    return amount
