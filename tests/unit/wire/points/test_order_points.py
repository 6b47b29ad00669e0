"""Orders as points."""

from decimal import Decimal

from fintank.trading.messages import CodedReason, ComponentSpec
from fintank.wire.points.order_points import component_line, offset_runs, portfolio_line


def test_a_portfolio_order_is_a_point_at_its_own_time(make):
    assert portfolio_line(
        make.portfolio_order(input="orders-2-17", account="A 1", amount=Decimal("1000.10"))
    ) == (
        'portfolio_orders,partition=2,side=BUY order_id="deposit-7",account="A 1",amount=1000.1,priority=1i,'
        'time_in_force="GTC",symbols="IVE VTI",order_time_us=1438539936355217i,offset=17i '
        "1438539936355000017"
    )


def test_an_order_is_a_point_without_its_empty_fields(make):
    assert component_line(make.order(input="orders-3-1234", order_time_us=1_438_539_936_355_000)) == (
        'portfolio_component_orders,partition=3,side=BUY,symbol=IVE cl_ord_id="ticket-1",account="A-1001",'
        'order_qty=12.5,ord_type="MARKET",priority=1i,time_in_force="GTC",'
        "order_time_us=1438539936355000i,offset=1234i 1438539936355001234"
    )


def test_a_rejected_component_has_the_reason(make):
    refusal = CodedReason("WEIGHTS_SUM", "code=WEIGHTS_SUM sum=0.9")
    line = component_line(make.order(order_qty=None, list_id="d", refusal=refusal))
    assert ",list_id=" not in line.split(" ")[0]
    assert 'cl_ord_id="ticket-1",list_id="d",account="A-1001",ord_type="MARKET"' in line
    assert 'text="code=WEIGHTS_SUM sum=0.9"' in line


def test_a_point_names_a_bounded_number_of_symbols(make):
    specs = tuple(ComponentSpec("X" * 32, Decimal(0)) for _ in range(5_000))
    assert len(portfolio_line(make.portfolio_order(portfolio=specs))) < 40_000


def test_each_line_has_the_offset_of_its_record(make):
    inputs = ["orders-0-17", "orders-0-17", "orders-0-18", "orders-0-19", "orders-0-25"]
    assert offset_runs(make.order(input=text) for text in inputs) == "17,1 17,3 25,1"
