"""Orders as points of InfluxDB's measurements portfolio_orders and portfolio_component_orders."""

from collections.abc import Iterable

from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import COMPONENTS_MAX
from fintank.wire.bolts.offsets import format_runs
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka.orders import SCHEMAS
from fintank.wire.kafka.records import offset_of, partition_of
from fintank.wire.points.line_protocol import message_time_ns, point

_DERIVED = ("msg_type", "portfolio", "order_time_us")


def portfolio_line(order: PortfolioOrder) -> str:
    """Write a portfolio order; `symbols` are its symbols, separated by spaces, at most COMPONENTS_MAX."""
    symbols = " ".join(spec.symbol for spec in order.portfolio[:COMPONENTS_MAX])
    return _line(MsgType.PORTFOLIO_ORDER, order, {"order_id": order.order_id}, {"symbols": symbols})


def component_line(order: Order) -> str:
    """Write an order for one symbol; `text` is why it is rejected, if it is."""
    ids = {"cl_ord_id": order.cl_ord_id, "list_id": order.list_id}
    return _line(MsgType.ORDER, order, ids, {"text": order.refusal.text if order.refusal else None})


def offset_runs(orders: Iterable[Order | PortfolioOrder]) -> str:
    """Write the offset of each order's record as runs `first,count`, one offset a line."""
    return format_runs((offset_of(order.input), 1) for order in orders)


def _line(
    msg_type: MsgType,
    order: Order | PortfolioOrder,
    ids: dict[str, str | None],
    derived: dict[str, str | None],
) -> str:
    schema = SCHEMAS[msg_type]
    offset = offset_of(order.input)
    partition = str(partition_of(order.input))
    tags = {tag: partition if tag == "partition" else getattr(order, tag) for tag in schema.tags}
    fields = ids | {name: getattr(order, name) for name in schema.point_fields if name not in _DERIVED}
    fields |= derived | {"order_time_us": order.order_time_us, "offset": offset}
    return point(schema.measurement, tags, fields, message_time_ns(order.order_time_us, offset))
