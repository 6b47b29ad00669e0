from decimal import Decimal

from fintank.commands.trading import Target, targets
from fintank.trading.limits import Limits
from fintank.trading.messages import ComponentSpec, Order, OrdType, PortfolioOrder, Side, TimeInForce
from fintank.trading.portfolio import components

COMMON = {
    "account": "A-1",
    "side": Side.BUY,
    "priority": 1,
    "time_in_force": TimeInForce.GTC,
    "order_time_us": 1,
    "content_hash": "one",
    "input": "orders-0-1",
}
PORTFOLIO = PortfolioOrder(
    order_id="p-1",
    amount=Decimal(10),
    portfolio=(ComponentSpec("IVE", Decimal("0.5")), ComponentSpec("VTI", Decimal("0.5"))),
    **COMMON,  # type: ignore[arg-type]
)


def order(cl_ord_id: str, account: str, symbol: str) -> Order:
    return Order(
        cl_ord_id=cl_ord_id,
        symbol=symbol,
        order_qty=Decimal(1),
        cash_order_qty=None,
        ord_type=OrdType.MARKET,
        list_id=None,
        **{**COMMON, "account": account},  # type: ignore[arg-type]
    )


def test_the_id_of_a_portfolio_order_means_all_of_it() -> None:
    found = targets("p-1", [PORTFOLIO], components(PORTFOLIO, Limits()))
    assert found == [Target("A-1", None, None, "p-1")]


def test_the_id_of_a_component_means_that_one() -> None:
    found = targets("p-1-VTI", [PORTFOLIO], components(PORTFOLIO, Limits()))
    assert found == [Target("A-1", "VTI", "p-1-VTI", None)]


def test_one_id_of_several_orders_means_each_of_them_once() -> None:
    made = [order("o-1", "A-1", "IVE"), order("o-1", "A-2", "IVE"), order("o-1", "A-1", "IVE")]
    assert targets("o-1", made, made) == [
        Target("A-1", "IVE", "o-1", None),
        Target("A-2", "IVE", "o-1", None),
    ]
