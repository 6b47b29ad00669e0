"""When an order ends by itself."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from fintank.trading.limits import SECOND_US
from fintank.trading.messages import Order, TimeInForce


def end_us(order: Order, time_zone: ZoneInfo) -> int | None:
    """Return the time from which on an open order is EXPIRED; None if it never is.

    GTD ends at expire_time, DAY with the day of the order's own time in the time zone.
    """
    if order.time_in_force is TimeInForce.GTD:
        return order.expire_time_us
    if order.time_in_force is TimeInForce.DAY:
        return end_of_day_us(order.order_time_us, time_zone)
    return None


def end_of_day_us(time_us: int, time_zone: ZoneInfo) -> int:
    """Return the first moment of the next day; where the clocks go over midnight, that of their change."""
    day = datetime.fromtimestamp(time_us // SECOND_US, time_zone).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), time_zone)
    return int(midnight.timestamp()) * SECOND_US
