"""Orders as points of InfluxDB's measurements portfolio_orders and portfolio_component_orders."""

from collections.abc import Iterable

from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import COMPONENTS_MAX
from fintank.wire.bolts.offsets import format_runs
from fintank.wire.kafka.records import offset_of, partition_of
from fintank.wire.points.line_protocol import message_time_ns, point


def portfolio_line(order: PortfolioOrder) -> str:
    """Write a portfolio order; `symbols` are its symbols, separated by spaces, at most COMPONENTS_MAX."""
    offset = offset_of(order.input)
    return point(
        "portfolio_orders",
        {"partition": str(partition_of(order.input)), "side": order.side},
        {
            "order_id": order.order_id,
            "account": order.account,
            "amount": order.amount,
            "priority": order.priority,
            "time_in_force": order.time_in_force,
            "expire_time_us": order.expire_time_us,
            "symbols": " ".join(spec.symbol for spec in order.portfolio[:COMPONENTS_MAX]),
            "order_time_us": order.order_time_us,
            "offset": offset,
        },
        message_time_ns(order.order_time_us, offset),
    )


def component_line(order: Order) -> str:
    """Write an order for one symbol; `text` says why it is refused, if it is."""
    offset = offset_of(order.input)
    return point(
        "portfolio_component_orders",
        {"partition": str(partition_of(order.input)), "side": order.side, "symbol": order.symbol},
        {
            "cl_ord_id": order.cl_ord_id,
            "list_id": order.list_id,
            "account": order.account,
            "order_qty": order.order_qty,
            "cash_order_qty": order.cash_order_qty,
            "ord_type": order.ord_type,
            "price": order.price,
            "stop_px": order.stop_px,
            "priority": order.priority,
            "time_in_force": order.time_in_force,
            "expire_time_us": order.expire_time_us,
            "text": None if order.refusal is None else order.refusal.text,
            "order_time_us": order.order_time_us,
            "offset": offset,
        },
        message_time_ns(order.order_time_us, offset),
    )


def offset_runs(orders: Iterable[Order | PortfolioOrder]) -> str:
    """Write the offset of each order's record as runs `first,count`, one offset a line."""
    return format_runs((offset_of(order.input), 1) for order in orders)
