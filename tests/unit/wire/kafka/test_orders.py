"""From records to orders and rejects: what is an order, and what is none."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fintank.trading.limits import Limits
from fintank.trading.messages import ComponentSpec, Order, OrdType, PortfolioOrder, Side, TimeInForce
from fintank.trading.portfolio import components
from fintank.wire.kafka.orders import read

APPEND_MS = 1_438_540_000_000
PORTFOLIO_ORDER = {
    "msg_type": "portfolio_order",
    "order_id": "deposit-7",
    "account": "A-1001",
    "side": "BUY",
    "amount": "1000.10",
    "portfolio": [{"symbol": "IVE", "weight": "0.25"}, {"symbol": "VTI", "weight": 0.75}],
    "priority": 2,
    "time_in_force": "GTC",
    "timestamp": 1438539936.355217,
}
ORDER = {
    "msg_type": "order",
    "cl_ord_id": "ticket-42",
    "account": "A-1001",
    "symbol": "IVE",
    "side": "SELL",
    "order_qty": "12.5",
    "timestamp": 1438539936.355217,
}
BOTH = pytest.mark.parametrize("message", [PORTFOLIO_ORDER, ORDER], ids=["portfolio_order", "order"])


def text_of(message, **changes):
    return json.dumps({**message, **changes})


def batch_of(*records, first=1000, append_ms=APPEND_MS):
    return read("orders", 2, f"{first},{len(records)},{append_ms}", "\n".join(records))


def order_of(record, **options):
    messages, rejects = batch_of(record, **options)
    assert rejects == []
    (message,) = messages
    return message


def reject_of(record):
    messages, rejects = batch_of(record)
    assert messages == []
    (reject,) = rejects
    assert (reject.topic, reject.partition, reject.offset, reject.payload) == ("orders", 2, 1000, record)
    return reject.reason, reject.detail


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


def test_an_order_may_be_by_cash():
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


def test_the_content_of_an_order_is_known_for_ever():
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


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", "EMPTY"),
        ("  ", "EMPTY"),
        ("{", "NOT_JSON"),
        (text_of(ORDER) * 2, "NOT_JSON"),
        ("[" * 100_000, "NOT_JSON"),
        ('{"a":' * 100_000, "NOT_JSON"),
        ("[]", "NOT_AN_OBJECT"),
        ("null", "NOT_AN_OBJECT"),
        ("1.5", "NOT_AN_OBJECT"),
        ("NaN", "NOT_AN_OBJECT"),
        ("9" * 100_000, "NOT_AN_OBJECT"),
        ("{}", "MISSING_FIELD"),
        (text_of(ORDER, note=0).replace('"note": 0', '"note": 1e99999999999999999999'), "BAD_VALUE"),
    ],
)
def test_a_record_that_is_no_json_object_is_rejected(record, reason):
    assert reject_of(record)[0] == reason


@pytest.mark.parametrize("msg_type", ["portfolio", "ORDER", "", "quote"])
def test_an_unknown_msg_type_is_rejected(msg_type):
    assert reject_of(text_of(ORDER, msg_type=msg_type)) == (
        "UNKNOWN_VALUE",
        f'field="msg_type" value="{msg_type}"',
    )


@BOTH
@pytest.mark.parametrize("side", ["HOLD", "buy", "", " BUY"])
def test_an_unknown_side_is_rejected(message, side):
    assert reject_of(text_of(message, side=side)) == ("UNKNOWN_VALUE", f'field="side" value="{side}"')


@pytest.mark.parametrize(
    ("message", "field"),
    [
        *((PORTFOLIO_ORDER, name) for name in PORTFOLIO_ORDER if name not in ("priority", "time_in_force")),
        *((ORDER, name) for name in ORDER if name != "order_qty"),
    ],
)
def test_a_missing_field_is_rejected_by_its_name(message, field):
    without = {name: value for name, value in message.items() if name != field}
    assert reject_of(json.dumps(without)) == ("MISSING_FIELD", f'field="{field}"')
    assert reject_of(text_of(message, **{field: None})) == ("MISSING_FIELD", f'field="{field}"')


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("msg_type", 5, "number"),
        ("side", True, "boolean"),
        ("order_id", 7, "number"),
        ("account", ["A"], "array"),
        ("amount", True, "boolean"),
        ("amount", {}, "object"),
        ("amount", "1,000", "string"),
        ("amount", "1_000", "string"),
        ("amount", " 1", "string"),
        ("amount", "٣", "string"),
        ("amount", "0x10", "string"),
        ("amount", "", "string"),
        ("portfolio", {}, "object"),
        ("portfolio", "IVE", "string"),
        ("priority", "1", "string"),
        ("priority", True, "boolean"),
        ("priority", 1.5, "number"),
        ("timestamp", False, "boolean"),
        ("timestamp", "2015-08-02", "string"),
    ],
)
def test_a_field_of_another_type_is_rejected(field, value, kind):
    reason, detail = reject_of(text_of(PORTFOLIO_ORDER, **{field: value}))
    assert reason == "BAD_TYPE"
    assert detail.startswith(f'field="{field}" expected=')
    assert detail.endswith(f'type="{kind}"')


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("is_text", [False, True])
@pytest.mark.parametrize(
    ("message", "field"), [(PORTFOLIO_ORDER, "amount"), (ORDER, "order_qty"), (ORDER, "timestamp")]
)
def test_a_number_that_is_not_finite_is_rejected(message, field, is_text, value):
    written = f'"{value}"' if is_text else value
    reason, detail = reject_of(
        text_of(message, **{field: 0}).replace(f'"{field}": 0', f'"{field}": {written}')
    )
    assert reason == "NOT_FINITE"
    assert detail.startswith(f'field="{field}" value=')


@pytest.mark.parametrize(
    "value",
    ["1e18", "-1e18", "1e1000", "1e1001", "1e999999999", "1e99999999999999999999", "1e-31", "1e-1001"],
)
@pytest.mark.parametrize("is_text", [False, True])
def test_a_number_out_of_bounds_is_rejected(is_text, value):
    written = f'"{value}"' if is_text else value
    assert reject_of(text_of(ORDER, order_qty=0).replace('"order_qty": 0', f'"order_qty": {written}'))[0] == (
        "BAD_VALUE"
    )


@pytest.mark.parametrize("portfolio", [["IVE"], [None], [5], [[]]])
def test_a_line_of_a_portfolio_that_is_no_object_is_rejected(portfolio):
    reason, detail = reject_of(text_of(PORTFOLIO_ORDER, portfolio=portfolio))
    assert reason == "BAD_TYPE"
    assert detail.startswith('field="portfolio[0]" expected="object"')


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ({"weight": 1}, "MISSING_FIELD", 'field="portfolio[1].symbol"'),
        ({"symbol": "VTI"}, "MISSING_FIELD", 'field="portfolio[1].weight"'),
        ({"symbol": "V TI", "weight": 1}, "BAD_SYMBOL", 'field="portfolio[1].symbol" value="V TI"'),
        ({"symbol": "VTI", "weight": "NaN"}, "NOT_FINITE", 'field="portfolio[1].weight" value="NaN"'),
    ],
)
def test_a_bad_line_of_a_portfolio_is_rejected_by_its_place(line, reason, detail):
    portfolio = [{"symbol": "IVE", "weight": 0.5}, line]
    assert reject_of(text_of(PORTFOLIO_ORDER, portfolio=portfolio)) == (reason, detail)


@pytest.mark.parametrize("symbol", ["", "I VE", "I,VE", "IVE\n", "IVÉ", "X" * 33])
def test_a_symbol_that_can_not_be_a_tag_is_rejected(symbol):
    assert reject_of(text_of(ORDER, symbol=symbol))[0] == "BAD_SYMBOL"


@pytest.mark.parametrize(
    ("message", "field", "characters_max"),
    [
        (PORTFOLIO_ORDER, "order_id", 64),
        (PORTFOLIO_ORDER, "account", 64),
        (ORDER, "account", 64),
        (ORDER, "cl_ord_id", 128),
    ],
)
def test_a_name_that_is_empty_too_long_or_not_printable_is_rejected(message, field, characters_max):
    assert order_of(text_of(message, **{field: "é" * characters_max}))
    for bad in ["", "x" * (characters_max + 1), "a\nb", "a\x00", "\ud800", "a\u2028b"]:
        assert reject_of(text_of(message, **{field: bad}))[0] == "BAD_VALUE"


@BOTH
@pytest.mark.parametrize("account", ["A\\,B=C d", "A\\", "\\\\", " ", 'A"', "é"])
def test_an_account_is_any_printable_text(message, account):
    assert order_of(text_of(message, account=account)).account == account


@pytest.mark.parametrize("priority", [0, -1, 2**63, 1e300])
def test_a_priority_out_of_bounds_is_rejected(priority):
    assert reject_of(text_of(ORDER, priority=priority))[0] == "BAD_VALUE"


def test_an_order_with_both_quantities_or_none_is_rejected():
    error = 'error="exactly one of order_qty and cash_order_qty must be given"'
    assert reject_of(text_of(ORDER, cash_order_qty="5")) == ("BAD_VALUE", error)
    assert reject_of(text_of(ORDER, order_qty=None)) == ("BAD_VALUE", error)


@BOTH
@pytest.mark.parametrize(
    "timestamp", [0, -5, 1438539936355, 1e300, "1e300", 631151999.999999, 1438540060.000001]
)
def test_a_time_out_of_range_is_rejected(message, timestamp):
    assert reject_of(text_of(message, timestamp=timestamp))[0] == "TIMESTAMP_OUT_OF_RANGE"


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


def test_a_portfolio_orders_end_is_that_of_its_components():
    message = order_of(text_of(PORTFOLIO_ORDER, time_in_force="GTD", expire_time=1438539937))
    assert message.expire_time_us == 1_438_539_937_000_000
    assert {order.expire_time_us for order in components(message, Limits())} == {message.expire_time_us}


@pytest.mark.parametrize("field", ["price", "stop_px", "expire_time"])
def test_what_is_no_number_is_rejected_there_too(field):
    assert reject_of(text_of(ORDER, **{field: "x"}))[0] == "BAD_TYPE"
    assert reject_of(text_of(ORDER, **{field: True}))[0] == "BAD_TYPE"


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


def test_offsets_that_do_not_match_the_records_are_an_error():
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
def test_no_text_stops_the_reading(text):
    assert len(batch_of(text).rejects) == 1
