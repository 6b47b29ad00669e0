"""Orders while they are open: what was requested, what has happened since, and when they expire."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fintank.trading import ids
from fintank.trading.decimals import EXACT, ZERO, average
from fintank.trading.instruments import Instrument
from fintank.trading.limits import SECOND_US
from fintank.trading.messages import Order, OrdStatus, OrdType, TimeInForce


class Closing(NamedTuple):
    """When a retention begins: on the symbol's clock, or by_log in log time if it has none."""

    us: int
    by_log: bool


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """An order and its progress; every change makes a new one.

    arrival_seq: the order in which a symbol's orders trade. accepted_us: the transact_time of its NEW.
    end_us: when it expires, None for never. is_checked: whether the rules that need a price were applied.
    is_triggered: whether a stop became a MARKET or LIMIT order. cum_cash: the exact sum of last_qty times
    last_px times the multiplier. cum_commission: the sum of what its trades cost, the minimum aside.
    closed_us and by_log: when its retention began (see Closing); None while it is open. first_order_id: the
    order_id, once it was replaced.
    """

    order: Order
    arrival_seq: int
    accepted_us: int
    end_us: int | None
    is_checked: bool
    is_triggered: bool = False
    ord_status: OrdStatus = OrdStatus.NEW
    cum_qty: Decimal = ZERO
    cum_cash: Decimal = ZERO
    cum_commission: Decimal = ZERO
    fill_count: int = 0
    closed_us: int | None = None
    by_log: bool = False
    first_order_id: str | None = None

    @property
    def content_hash(self) -> str:
        """The content_hash of the order's message."""
        return self.order.content_hash

    @property
    def order_id(self) -> str:
        """FIX's OrderID, which the engine gives."""
        return self.first_order_id or ids.order_id(self.order.identity, self.order.content_hash)

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return not self.ord_status.is_terminal

    @property
    def is_stop(self) -> bool:
        """Whether the order waits for its stop_px."""
        return self.order.ord_type in (OrdType.STOP, OrdType.STOP_LIMIT) and not self.is_triggered

    @property
    def order_qty(self) -> Decimal | None:
        """The quantity; None for an open cash order, and what it traded for a terminal one."""
        if self.order.cash_order_qty is None:
            return self.order.order_qty
        return None if self.is_open else self.cum_qty

    @property
    def leaves_qty(self) -> Decimal | None:
        """The quantity still to be traded; None for an open cash order, whose quantity is not known yet."""
        if not self.is_open:
            return ZERO
        return None if self.order.order_qty is None else EXACT.subtract(self.order.order_qty, self.cum_qty)

    @property
    def leaves_cash(self) -> Decimal | None:
        """The cash that an open cash order has still to spend or to raise; None for other orders."""
        if self.order.cash_order_qty is None:
            return None
        return EXACT.subtract(self.order.cash_order_qty, self.cum_cash) if self.is_open else ZERO

    @property
    def residual_cash(self) -> Decimal | None:
        """The cash that a terminal cash order left over; negative after a SELL that was rounded up."""
        if self.order.cash_order_qty is None or self.is_open:
            return None
        return EXACT.subtract(self.order.cash_order_qty, self.cum_cash)

    def avg_px(self, instrument: Instrument) -> Decimal | None:
        """Return the average price, for display only; None before the first trade."""
        if not self.cum_qty:
            return None
        return average(self.cum_cash, EXACT.multiply(self.cum_qty, instrument.multiplier))

    def commission(self, instrument: Instrument) -> Decimal:
        """Return what the order has cost so far."""
        return instrument.commission.of_order(self.cum_commission) if self.fill_count else ZERO

    def traded(self, last_qty: Decimal, last_px: Decimal, instrument: Instrument) -> "WorkingOrder":
        """Return the order after one more trade, PARTIALLY_FILLED; `ended` makes it FILLED."""
        money = instrument.money(last_qty, last_px)
        return replace(
            self,
            ord_status=OrdStatus.PARTIALLY_FILLED,
            cum_qty=EXACT.add(self.cum_qty, last_qty),
            cum_cash=EXACT.add(self.cum_cash, money),
            cum_commission=EXACT.add(self.cum_commission, instrument.commission.of_trade(last_qty, money)),
            fill_count=self.fill_count + 1,
        )

    def ended(self, ord_status: OrdStatus, closing: Closing) -> "WorkingOrder":
        """Return the order in a terminal state."""
        # Closed not before the order's own time, so that a forgotten order is too old to be accepted again.
        closed_us = max(self.order.order_time_us, closing.us)
        return replace(self, ord_status=ord_status, closed_us=closed_us, by_log=closing.by_log)


def end_us(order: Order, instrument: Instrument, time_zone: ZoneInfo) -> int | None:
    """Return when an open order expires: GTD at expire_time, DAY with its session; None for never.

    DAY: the close of the session at the order's timestamp or, between two, of the next one. Without sessions
    it is the end of the timestamp's day.
    """
    if order.time_in_force is TimeInForce.GTD:
        return order.expire_time_us
    if order.time_in_force is TimeInForce.DAY:
        sessions, time_us = instrument.sessions, order.order_time_us
        close_us = None if sessions is None else sessions.close_us(time_us)
        return end_of_day_us(time_us, time_zone) if close_us is None else close_us
    return None


def end_of_day_us(time_us: int, time_zone: ZoneInfo) -> int:
    """Return the first moment of the next day, also where the clocks change at midnight."""
    day = datetime.fromtimestamp(time_us // SECOND_US, time_zone).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), time_zone)
    return int(midnight.timestamp()) * SECOND_US
