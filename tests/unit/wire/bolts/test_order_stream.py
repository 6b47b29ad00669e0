"""Validated orders on their way between bolts survive the round trip."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fintank.trading.limits import Limits
from fintank.trading.messages import (
    Cancel,
    CodedReason,
    ComponentSpec,
    Order,
    OrdType,
    PortfolioOrder,
    Side,
    State,
    TimeInForce,
    TradingState,
)
from fintank.trading.portfolio import components
from fintank.wire.bolts.order_stream import from_line, owned_messages, to_line

names = st.text(
    st.characters(min_codepoint=33, max_codepoint=126) | st.sampled_from("é€😀 "), min_size=1, max_size=32
)
numbers = st.decimals(Decimal("-1e17"), Decimal("1e17"), places=8)
common = {
    "account": names,
    "side": st.sampled_from(Side),
    "priority": st.integers(1, 10),
    "time_in_force": st.sampled_from(TimeInForce),
    "order_time_us": st.integers(631_152_000_000_000, 2**53),
    "content_hash": st.just("0" * 64),
    "input": st.just("orders-3-17"),
    "expire_time_us": st.none() | st.integers(0, 2**53),
}
portfolio_orders = st.builds(
    PortfolioOrder,
    order_id=names,
    amount=numbers,
    portfolio=st.lists(st.builds(ComponentSpec, symbol=names, weight=numbers), max_size=5).map(tuple),
    **common,
)
plain_orders = st.builds(
    Order,
    cl_ord_id=names,
    symbol=names,
    order_qty=numbers,
    cash_order_qty=st.none(),
    ord_type=st.sampled_from(OrdType),
    list_id=st.none() | names,
    refusal=st.none() | st.builds(CodedReason, code=names, text=names),
    price=st.none() | numbers,
    stop_px=st.none() | numbers,
    **common,
)


cancels = st.builds(
    Cancel,
    cl_ord_id=names,
    account=names,
    symbol=st.none(),
    orig_cl_ord_id=st.none(),
    list_id=names,
    order_time_us=common["order_time_us"],
    content_hash=common["content_hash"],
    input=common["input"],
) | st.builds(
    Cancel,
    cl_ord_id=names,
    account=names,
    symbol=names,
    orig_cl_ord_id=names,
    list_id=st.none(),
    order_time_us=common["order_time_us"],
    content_hash=common["content_hash"],
    input=common["input"],
)
states = st.builds(
    TradingState,
    state=st.sampled_from(State),
    time_us=common["order_time_us"],
    offset=st.integers(0, 2**53),
    input=common["input"],
)


@settings(deadline=None)
@given(portfolio_orders | plain_orders | cancels | states)
def test_every_message_survives_the_round_trip(message):
    line = to_line(message)
    assert "\n" not in line
    assert from_line(line) == message


@settings(deadline=None)
@given(portfolio_orders)
def test_every_component_survives_the_round_trip(portfolio_order):
    made = components(portfolio_order, Limits())
    if made:
        assert owned_messages("\n".join(map(to_line, made))) == list(made)


def test_a_line_starts_with_its_msg_type(make):
    assert to_line(make.order()).startswith('{"msg_type":"order",')
    assert to_line(make.portfolio_order()).startswith('{"msg_type":"portfolio_order",')


def test_a_portfolio_order_among_owned_messages_is_an_error(make):
    with pytest.raises(ValueError, match="got a portfolio order"):
        owned_messages(to_line(make.portfolio_order()))
