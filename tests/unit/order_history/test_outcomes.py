from decimal import Decimal

from rich.console import Console

from fintank.order_history.outcomes import table
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, OrdType, Quote, Side, TimeInForce
from fintank.trading.shard import Shard

TIME_US = 1_700_000_000_000_000


def test_the_table_has_the_quantity_of_the_order_and_then_of_the_trade() -> None:
    order = Order(
        cl_ord_id="m-1",
        account="A-1",
        symbol="IVE",
        side=Side.SELL,
        order_qty=Decimal(12),
        cash_order_qty=None,
        ord_type=OrdType.MARKET,
        priority=1,
        time_in_force=TimeInForce.GTC,
        list_id=None,
        order_time_us=TIME_US,
        content_hash="one",
        input="orders-0-1",
    )
    shard = Shard(Limits())
    shard.on_quote(Quote("IVE", "NYSE", TIME_US, 0, 1, "94.10", "94.20", None, None), TIME_US)
    console = Console(width=150)
    with console.capture() as captured:
        console.print(table(shard.on_order(order, TIME_US).reports))
    rows = [line.split() for line in captured.get().splitlines() if "m-1" in line]
    moment = "2023-11-14T22:13:20.000Z"
    assert rows == [
        [moment, "m-1", "NEW", "IVE", "SELL", "12", "NEW"],
        [moment, "m-1", "TRADE", "IVE", "SELL", "12", "94.1", "NYSE", "FILLED"],
    ]
