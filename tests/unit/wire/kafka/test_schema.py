"""The schemas at work: the fields of the messages, and writing decimals."""

import dataclasses
import json
from decimal import Decimal

import pytest

from fintank.trading.messages import Cancel, Order, PortfolioOrder, TradingState
from fintank.trading.reports import ExecutionReport, Fill, OrderCancelReject
from fintank.trading.requests import MassCancel, Replace
from fintank.wire.kafka.fields import DECIMAL, SYMBOL_ALLOWED
from fintank.wire.kafka.schema import SCHEMAS, Schema, decimal_text


@pytest.mark.parametrize(
    ("name", "message"),
    [("execution", ExecutionReport), ("order_cancel_reject", OrderCancelReject), ("fill", Fill)],
)
def test_a_schema_has_the_fields_of_its_dataclass_in_order(name, message):
    assert [field.attribute for field in Schema(name).fields] == [
        field.name for field in dataclasses.fields(message)
    ]


@pytest.mark.parametrize(
    ("name", "message", "derived"),
    [
        ("portfolio_order", PortfolioOrder, {"content_hash", "input"}),
        ("order", Order, {"content_hash", "input", "list_id", "refusal"}),
        ("cancel", Cancel, {"content_hash", "input"}),
        ("replace", Replace, {"content_hash", "input"}),
        ("mass_cancel", MassCancel, {"content_hash", "input"}),
        ("trading_state", TradingState, {"input", "offset"}),
    ],
)
def test_a_message_of_orders_has_the_fields_of_its_schema(name, message, derived):
    read = {field.attribute for field in Schema(name).fields if field.name != "msg_type"}
    if message is TradingState:
        read = {"time_us" if attribute == "order_time_us" else attribute for attribute in read}
    assert read | derived == {field.name for field in dataclasses.fields(message)}


def test_the_schemas_have_the_patterns_of_the_code():
    types = json.loads((SCHEMAS / "types.json").read_text())["$defs"]
    assert types["symbol"]["title"].replace("`", "") == SYMBOL_ALLOWED
    for name in ("number", "size", "time"):
        assert types[name]["anyOf"][1]["pattern"].replace("(", "(?:") == f"^{DECIMAL.pattern}$"


@pytest.mark.parametrize(
    ("value", "text"), [("1.50", "1.5"), ("1E+2", "100"), ("1E-7", "0.0000001"), ("-3", "-3"), ("0.00", "0")]
)
def test_a_decimal_is_plain_text(value, text):
    assert decimal_text(Decimal(value)) == text


@pytest.mark.parametrize("value", [object(), {1}, 1j])
def test_other_types_are_an_error(value):
    with pytest.raises(TypeError, match="can't be written as JSON"):
        decimal_text(value)
