import factories

from fintank.order_history.cancel_target import CancelTarget, targets
from fintank.trading.limits import Limits
from fintank.trading.messages import Order
from fintank.trading.portfolio import components

PORTFOLIO = factories.portfolio_order(
    {"IVE": "0.5", "VTI": "0.5"}, "10", order_id="p-1", account="A-1", priority=1
)


def order(cl_ord_id: str, account: str, symbol: str) -> Order:
    return factories.order("1", cl_ord_id=cl_ord_id, account=account, symbol=symbol)


def test_the_id_of_a_portfolio_order_means_all_of_it() -> None:
    found = targets("p-1", [PORTFOLIO], components(PORTFOLIO, Limits()))
    assert found == [CancelTarget("A-1", None, None, "p-1")]


def test_the_id_of_a_component_means_that_one() -> None:
    found = targets("p-1-VTI", [PORTFOLIO], components(PORTFOLIO, Limits()))
    assert found == [CancelTarget("A-1", "VTI", "p-1-VTI", None)]


def test_one_id_of_several_orders_means_each_of_them_once() -> None:
    made = [order("o-1", "A-1", "IVE"), order("o-1", "A-2", "IVE"), order("o-1", "A-1", "IVE")]
    assert targets("o-1", made, made) == [
        CancelTarget("A-1", "IVE", "o-1", None),
        CancelTarget("A-2", "IVE", "o-1", None),
    ]
