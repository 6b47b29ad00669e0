"""invoke send_order: send one order by hand."""

from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import outcomes
from fintank.samples import fake_orders
from fintank.samples.message_file import placed
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.options import moment_us, whole_number
from fintank.trading.messages import OrdType, TimeInForce
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

ACCOUNT = "A-1001"


@command(
    help={
        "symbol": "what to trade, as in IVE",
        "side": "BUY or SELL",
        "qty": "how many shares; instead of --cash",
        "cash": "how much money, to the cent, as in 5000.00; instead of --qty",
        "limit": "the worst price you accept; default: any, a MARKET order",
        "stop": "the price that triggers the order; with --limit it is a STOP_LIMIT order",
        "tif": "GTC, IOC, FOK, GTD or DAY; default: GTC, with --expire GTD",
        "expire": "the end of a GTD order, as in 2026-12-01T16:00:00Z",
        "account": f"the account; default: {ACCOUNT}",
        "priority": "1 trades at once; orders of 2 and more wait a moment and trade as a block",
        "id": "the cl_ord_id; default: one made from the time",
        "wait": "wait for the executions for at most this many seconds; 0: do not wait",
    }
)
def send_order(
    settings: Settings,
    *,
    symbol: str | None = None,
    side: str | None = None,
    qty: str | None = None,
    cash: str | None = None,
    limit: str | None = None,
    stop: str | None = None,
    tif: str | None = None,
    expire: str | None = None,
    account: str = ACCOUNT,
    priority: str = "1",
    id: str | None = None,  # noqa: A002 - the name that `invoke --help send_order` shows
    wait: str = "10",
) -> None:
    """Send one order and show its executions.

    Example: invoke send_order --symbol IVE --side BUY --qty 12.5
    """
    seconds = whole_number("--wait", wait, minimum=0, maximum=outcomes.WAIT_SECONDS_MAX)
    time_us = now_us()
    if not symbol or not side or (qty is None) == (cash is None):
        raise FintankError("send_order: give --symbol and --side, and either --qty or --cash")
    cl_ord_id = id or fake_orders.call_name("order", time_us)
    value = orders.to_json(
        MsgType.ORDER,
        cl_ord_id=cl_ord_id,
        account=account,
        symbol=symbol,
        side=side.upper(),
        order_qty=qty,
        cash_order_qty=cash,
        ord_type=_ORD_TYPES[limit is not None, stop is not None],
        price=limit,
        stop_px=stop,
        priority=whole_number("--priority", priority),
        time_in_force=(tif or (TimeInForce.GTD if expire else TimeInForce.GTC)).upper(),
        expire_time=None if expire is None else moment_us("--expire", expire) / 1_000_000,
        time_us=time_us,
    )
    record = placed(value, time_us, "send_order")
    make_topics(settings.kafka)
    said = f"Sent to Kafka ({settings.kafka}) topic 'orders': {cl_ord_id}."
    outcomes.send_and_wait(settings.kafka, record, said, outcomes.Sent([cl_ord_id]), seconds)
    print(f"To follow it: invoke order {cl_ord_id}")


_ORD_TYPES = {
    (False, False): OrdType.MARKET,
    (True, False): OrdType.LIMIT,
    (False, True): OrdType.STOP,
    (True, True): OrdType.STOP_LIMIT,
}
"""By whether there is a limit, and a stop price."""
