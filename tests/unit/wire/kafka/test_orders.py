"""Reading the records of the topic `orders`: valid messages."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.order_records import APPEND_MS, ORDER, PORTFOLIO_ORDER, batch_of, order_of, text_of

from fintank.trading.limits import Limits
from fintank.trading.messages import ComponentSpec, Order, OrdType, PortfolioOrder, Side, TimeInForce
from fintank.trading.portfolio import components
from fintank.wire.kafka.orders import read

BOTH = pytest.mark.parametrize("message", [PORTFOLIO_ORDER, ORDER], ids=["portfolio_order", "order"])


def report_codes(message):
    return {order.refusal.code for order in components(message, Limits()) if order.refusal}


def test_a_portfolio_order_is_read_exactly():
    order = order_of(text_of(PORTFOLIO_ORDER))
    assert order == PortfolioOrder(
        order_id="deposit-7",
        account="A-1001",
        side=Side.BUY,
        amount=Decimal("1000.10"),
        portfolio=(ComponentSpec("IVE", Decimal("0.25")), ComponentSpec("VTI", Decimal("0.75"))),
        priority=2,
        time_in_force=TimeInForce.GTC,
        order_time_us=1_438_539_936_355_217,
        content_hash=order.content_hash,
        input="orders-2-1000",
    )


def test_an_order_is_read_exactly_and_has_defaults():
    order = order_of(text_of(ORDER))
    assert order == Order(
        cl_ord_id="ticket-42",
        account="A-1001",
        symbol="IVE",
        side=Side.SELL,
        order_qty=Decimal("12.5"),
        cash_order_qty=None,
        ord_type=OrdType.MARKET,
        priority=1,
        time_in_force=TimeInForce.GTC,
        list_id=None,
        order_time_us=1_438_539_936_355_217,
        content_hash=order.content_hash,
        input="orders-2-1000",
    )


def test_an_order_can_be_by_cash():
    order = order_of(text_of(ORDER, order_qty=None, cash_order_qty=99.95))
    assert (order.order_qty, order.cash_order_qty) == (None, Decimal("99.95"))


@pytest.mark.parametrize("amount", ["0.1", "1e2", "100.000000000000000000000000000001"])
def test_no_digit_of_a_json_number_is_lost(amount):
    record = text_of(PORTFOLIO_ORDER, amount=0).replace('"amount": 0', f'"amount": {amount}')
    assert order_of(record).amount == Decimal(amount)
    assert order_of(text_of(PORTFOLIO_ORDER, amount=amount)).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("timestamp", "order_time_us"),
    [
        (1438539936, 1_438_539_936_000_000),
        (1438539936.5, 1_438_539_936_500_000),
        ("1438539936.355217", 1_438_539_936_355_217),
        ("1438539936.3552174", 1_438_539_936_355_217),
        ("1438539936.3552175", 1_438_539_936_355_218),
    ],
)
def test_a_time_is_read_to_the_microsecond(timestamp, order_time_us):
    assert order_of(text_of(ORDER, timestamp=timestamp)).order_time_us == order_time_us


@BOTH
def test_the_content_is_the_same_however_it_is_written(message):
    one = order_of(text_of(message))
    other = dict(reversed(message.items())) | {"priority": message.get("priority", 1), "note": "x"}
    other |= {"timestamp": "1438539936.355217000", "ord_type": None, "cash_order_qty": None}
    two = order_of(json.dumps(other, indent=1).replace("\n", " "), first=7)
    assert two.content_hash == one.content_hash
    assert two.input == "orders-2-7"


@pytest.mark.parametrize("amount", [1000.1, "1000.10", "1000.1", "1.0001e3"])
def test_the_content_of_equal_amounts_is_the_same(amount):
    changed = order_of(text_of(PORTFOLIO_ORDER, amount=amount))
    assert changed.content_hash == order_of(text_of(PORTFOLIO_ORDER)).content_hash


def test_the_content_of_a_portfolio_is_a_set():
    turned = order_of(text_of(PORTFOLIO_ORDER, portfolio=PORTFOLIO_ORDER["portfolio"][::-1]))
    assert turned.content_hash == order_of(text_of(PORTFOLIO_ORDER)).content_hash


def test_the_content_hash_of_an_order_never_changes():
    # The journal holds hashes: another hash for the same order would make its replay a refused duplicate.
    content_hash = order_of(text_of(ORDER)).content_hash
    assert content_hash == "1d1e34d3961765319732d4787a9282da422114c3e5c0411be34b0777e4e46bdd"


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": "deposit-8"},
        {"account": "A-1002"},
        {"side": "SELL"},
        {"amount": "1000.11"},
        {"portfolio": [{"symbol": "IVE", "weight": "0.25"}, {"symbol": "VTV", "weight": 0.75}]},
        {"portfolio": [{"symbol": "IVE", "weight": "0.75"}, {"symbol": "VTI", "weight": 0.25}]},
        {"priority": 1},
        {"timestamp": 1438539936.355218},
    ],
)
def test_other_content_has_another_hash(change):
    changed = order_of(text_of(PORTFOLIO_ORDER, **change))
    assert changed.content_hash != order_of(text_of(PORTFOLIO_ORDER)).content_hash


@BOTH
@pytest.mark.parametrize("account", ["A\\,B=C d", "A\\", "\\\\", " ", 'A"', "é"])
def test_an_account_can_be_any_printable_text(message, account):
    assert order_of(text_of(message, account=account)).account == account


@BOTH
@pytest.mark.parametrize("timestamp", [631152000, 1438540060])
def test_a_time_just_in_range_is_accepted(message, timestamp):
    assert order_of(text_of(message, timestamp=timestamp))


@pytest.mark.parametrize("ord_type", OrdType)
@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_every_kind_of_order_is_read_exactly(ord_type, time_in_force):
    given = {"ord_type": ord_type, "time_in_force": time_in_force, "priority": 3}
    prices = {"price": "94.10", "stop_px": 95.5, "expire_time": "1438539936.355218"}
    order = order_of(text_of(ORDER, **given, **prices))
    assert (order.ord_type, order.time_in_force, order.priority) == (ord_type, time_in_force, 3)
    assert (order.price, order.stop_px) == (Decimal("94.1"), Decimal("95.5"))
    assert order.expire_time_us == 1_438_539_936_355_218


@pytest.mark.parametrize("field", ["price", "stop_px", "expire_time"])
def test_a_price_or_an_end_is_part_of_the_content(field):
    plain, one, two = (order_of(text_of(ORDER, **given)) for given in ({}, {field: "5"}, {field: "6"}))
    assert len({plain.content_hash, one.content_hash, two.content_hash}) == 3
    assert order_of(text_of(ORDER, **{field: 5.0})).content_hash == one.content_hash


def test_components_inherit_the_end_of_their_portfolio_order():
    message = order_of(text_of(PORTFOLIO_ORDER, time_in_force="GTD", expire_time=1438539937))
    assert message.expire_time_us == 1_438_539_937_000_000
    assert {order.expire_time_us for order in components(message, Limits())} == {message.expire_time_us}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "-5"}, "BAD_AMOUNT"),
        ({"amount": 0}, "BAD_AMOUNT"),
        ({"amount": 0.1 + 0.2}, "BAD_AMOUNT"),
        ({"amount": "100.001"}, "BAD_AMOUNT"),
        ({"portfolio": []}, "WEIGHTS_SUM"),
        ({"portfolio": [{"symbol": "IVE", "weight": 0.9}]}, "WEIGHTS_SUM"),
        ({"portfolio": [{"symbol": "IVE", "weight": 0.5}] * 2}, "DUPLICATE_SYMBOL"),
        (
            {"portfolio": [{"symbol": "IVE", "weight": -0.5}, {"symbol": "VTI", "weight": 1.5}]},
            "NEGATIVE_WEIGHT",
        ),
    ],
)
def test_a_portfolio_order_that_breaks_a_rule_is_an_order(change, code):
    assert report_codes(order_of(text_of(PORTFOLIO_ORDER, **change))) == {code}


@pytest.mark.parametrize("change", [{"order_qty": 0}, {"order_qty": "-1"}, {"symbol": "CASH"}])
def test_an_order_that_breaks_a_rule_is_an_order(change):
    assert order_of(text_of(ORDER, **change))


def test_good_orders_around_bad_ones_keep_their_order_and_places():
    records = [text_of(ORDER), "", text_of(PORTFOLIO_ORDER), "[]", text_of(ORDER)]
    messages, rejects = read("orders", 1, f"10,2,{APPEND_MS} 20,3,{APPEND_MS}", "\n".join(records))
    assert [message.input for message in messages] == ["orders-1-10", "orders-1-20", "orders-1-22"]
    assert [(reject.offset, reject.reason) for reject in rejects] == [(11, "EMPTY"), (21, "NOT_AN_OBJECT")]


def test_mismatched_offsets_and_records_are_an_error():
    with pytest.raises(ValueError, match="orders-0: 2 offsets for 1 records"):
        read("orders", 0, f"0,2,{APPEND_MS}", text_of(ORDER))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.decimals().map(str),
    st.text(max_size=5),
    st.lists(st.fixed_dictionaries({"symbol": st.text(max_size=3), "weight": st.floats()}), max_size=2),
)


@settings(deadline=None)
@given(st.sampled_from([PORTFOLIO_ORDER, ORDER]), st.data())
def test_every_record_becomes_one_order_or_one_reject(message, data):
    field = data.draw(st.sampled_from(sorted(message)))
    messages, rejects = batch_of(text_of(message, **{field: data.draw(values)}))
    assert len(messages) + len(rejects) == 1
    assert all(reject.message().isascii() for reject in rejects)


@settings(deadline=None)
@given(st.text('{}[]",:\\ \u2028é1x'))
def test_no_text_raises(text):
    assert len(batch_of(text).rejects) == 1
