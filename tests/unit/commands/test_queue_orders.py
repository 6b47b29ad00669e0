from decimal import Decimal

from fintank.commands.queue_orders import readable
from fintank.samples.fake_orders import FakePortfolioOrder
from fintank.trading.messages import ComponentSpec, Side


def test_a_portfolio_order_is_one_line() -> None:
    portfolio = (ComponentSpec("IVE", Decimal("0.25")), ComponentSpec("CASH", Decimal("0.75")))
    order = FakePortfolioOrder("p-1", "A-1", Side.BUY, Decimal("1234.50"), portfolio, 2)
    assert readable(order) == "  p-1  A-1  BUY       1,234.50  priority 2  IVE 0.25, CASH 0.75"
