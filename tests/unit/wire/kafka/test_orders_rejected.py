"""Reading the records of the topic `orders`: rejects."""

import json

import pytest
from support.order_records import ORDER, PORTFOLIO_ORDER, order_of, reject_of, text_of

BOTH = pytest.mark.parametrize("message", [PORTFOLIO_ORDER, ORDER], ids=["portfolio_order", "order"])


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
def test_a_record_that_is_not_a_json_object_is_rejected(record, reason):
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
def test_a_field_of_the_wrong_type_is_rejected(field, value, kind):
    reason, detail = reject_of(text_of(PORTFOLIO_ORDER, **{field: value}))
    assert reason == "BAD_TYPE"
    assert detail.startswith(f'field="{field}" expected=')
    assert detail.endswith(f'type="{kind}"')
    assert (f"value={json.dumps(value)}" in detail) == (kind == "string")


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


def test_how_deep_a_record_may_be_nested_does_not_depend_on_who_reads_it():
    def read_below(callers, depth):
        return read_below(callers - 1, depth) if callers else reject_of(nested(depth))

    def nested(depth):
        return text_of(ORDER, side=None, note=0).replace('"note": 0', f'"note": {"[" * depth}{"]" * depth}')

    assert read_below(0, 499)[0] == read_below(300, 499)[0] == "MISSING_FIELD"
    deep = ("NOT_JSON", 'error="it is nested more than 500 levels deep"')
    assert read_below(0, 500) == read_below(300, 500) == deep
    assert reject_of(nested(900) + '"' + '\\"' * 300_000) == deep


@pytest.mark.parametrize("portfolio", [["IVE"], [None], [5], [[]]])
def test_a_portfolio_entry_that_is_not_an_object_is_rejected(portfolio):
    reason, detail = reject_of(text_of(PORTFOLIO_ORDER, portfolio=portfolio))
    assert reason == "BAD_TYPE"
    assert detail.startswith('field="portfolio[0]" expected="object"')


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ({"weight": 1}, "MISSING_FIELD", 'field="portfolio[1].symbol"'),
        ({"symbol": "VTI"}, "MISSING_FIELD", 'field="portfolio[1].weight"'),
        ({"symbol": "", "weight": 1}, "BAD_SYMBOL", 'field="portfolio[1].symbol" value=""'),
        ({"symbol": "VTI", "weight": "NaN"}, "NOT_FINITE", 'field="portfolio[1].weight" value="NaN"'),
    ],
)
def test_a_bad_portfolio_entry_is_rejected_with_its_index(line, reason, detail):
    portfolio = [{"symbol": "IVE", "weight": 0.5}, line]
    assert reject_of(text_of(PORTFOLIO_ORDER, portfolio=portfolio)) == (reason, detail)


@pytest.mark.parametrize("symbol", ["", "IVE\n", "I\tVE", "I\u2028VE", "IVE\\", "X" * 65])
def test_a_symbol_that_cannot_be_a_tag_is_rejected(symbol):
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
def test_an_id_that_is_empty_too_long_or_unprintable_is_rejected(message, field, characters_max):
    assert order_of(text_of(message, **{field: "é" * characters_max}))
    for bad in ["", "x" * (characters_max + 1), "a\nb", "a\x00", "\ud800", "a\u2028b"]:
        assert reject_of(text_of(message, **{field: bad}))[0] == "BAD_VALUE"


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


@pytest.mark.parametrize("field", ["price", "stop_px", "expire_time"])
def test_a_malformed_price_or_end_is_rejected(field):
    assert reject_of(text_of(ORDER, **{field: "x"}))[0] == "BAD_TYPE"
    assert reject_of(text_of(ORDER, **{field: True}))[0] == "BAD_TYPE"
