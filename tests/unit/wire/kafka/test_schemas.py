"""Schemas and code agree."""

import json
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from fintank.settings import PROJECT_ROOT
from fintank.trading.changes import EntryKind
from fintank.trading.messages import ExecType, OrdStatus, OrdType, Side, State, TimeInForce
from fintank.trading.reports import ExecutionReport
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import executions, fills, journal_records, orders, ticks, timeline_records
from fintank.wire.kafka.journal_records import SCHEMA_VERSION
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.rejects import Reason, Reject

APPEND_MS = 1_438_540_000_000
SCHEMAS = {
    path.stem: json.loads(path.read_text())
    for path in (PROJECT_ROOT / "src/fintank/wire/kafka/schemas").glob("*.json")
}
REGISTRY = Registry().with_resources(
    [(f"{name}.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()]
)
VALIDATORS = {name: Draft202012Validator(schema, registry=REGISTRY) for name, schema in SCHEMAS.items()}
JOURNAL_KINDS = {f"journal_{kind}": kind for kind in EntryKind} | {"journal_closed_order": EntryKind.ORDER}
MESSAGES = sorted(SCHEMAS.keys() - {"types"})


def example(name):
    return SCHEMAS[name]["examples"][0]


def is_accepted(name, text):
    topic, read = ("ticks", ticks.to_lines) if name == "tick" else ("orders", orders.read)
    return not read(topic, 0, f"0,1,{APPEND_MS}", text).rejects


def check_made(name, texts):
    """Check these messages against a schema; return its fields that were null or empty in all of them."""
    filled = set()
    for text in texts:
        message = json.loads(text)
        VALIDATORS[name].validate(message)
        assert list(message) == list(SCHEMAS[name]["properties"])
        filled |= {field for field, value in message.items() if value not in (None, [])}
    return set(SCHEMAS[name]["properties"]) - filled


def test_every_message_has_a_schema():
    assert set(MESSAGES) == {
        *("tick", "portfolio_order", "order", "cancel", "replace", "mass_cancel", "trading_state"),
        *("execution", "order_cancel_reject", "fill", "reject"),
        *JOURNAL_KINDS,
        *("timeline_adoption", "timeline_jump", "timeline_shift", "timeline_behind", "timeline_resharded"),
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_of_draft_2020_12(name):
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_reads_as_a_table_of_one_field_per_line(name):
    lines = (PROJECT_ROOT / f"src/fintank/wire/kafka/schemas/{name}.json").read_text().split("\n")
    fields = [f'    "{field}": {json.dumps(part)}' for field, part in SCHEMAS[name]["properties"].items()]
    assert set(fields) <= {line.removesuffix(",") for line in lines}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_has_a_version_and_a_valid_example_with_all_that_is_required(name):
    assert SCHEMAS[name]["schema_version"] == (SCHEMA_VERSION if name.startswith("journal_") else 1)
    VALIDATORS[name].validate(example(name))
    assert set(SCHEMAS[name]["required"]) <= set(SCHEMAS[name]["properties"])


def test_the_version_of_the_journal_is_that_of_its_schemas():
    assert SCHEMAS["types"]["$defs"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize("kinds", [Side, OrdType, TimeInForce, OrdStatus, ExecType, State])
def test_a_schema_has_the_values_of_the_code(kinds: type[StrEnum]):
    names = {
        Side: "side",
        OrdType: "ord_type",
        TimeInForce: "time_in_force",
        OrdStatus: "ord_status",
        ExecType: "exec_type",
        State: "state",
    }
    assert SCHEMAS["types"]["$defs"][names[kinds]]["enum"] == list(kinds)


def test_the_schema_of_rejects_has_every_reason():
    assert SCHEMAS["reject"]["properties"]["reason"]["enum"] == list(Reason)


def test_every_report_is_as_its_schema_says(written):
    reports = [report for report in written.reports if isinstance(report, ExecutionReport)]
    assert check_made("execution", map(executions.to_json, reports)) == set()


def test_every_order_cancel_reject_is_as_its_schema_says(written):
    refusals = [report for report in written.reports if not isinstance(report, ExecutionReport)]
    assert check_made("order_cancel_reject", map(executions.to_json, refusals)) == set()


def test_every_fill_is_as_its_schema_says(written):
    assert check_made("fill", map(fills.to_json, written.fills)) == set()


@pytest.mark.parametrize(("name", "kind"), JOURNAL_KINDS.items())
def test_every_journal_record_is_as_its_schema_says(written, name, kind):
    records = map(journal_records.to_record, written.journal)
    values = [value for key, value in records if key.startswith(f"{kind}|") and value is not None]
    if kind is EntryKind.ORDER:
        is_closed = name == "journal_closed_order"
        values = [value for value in values if ("closed_us" in json.loads(value)) is is_closed]
    assert check_made(name, values) == set()


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("payload", ["", "é" * 100_000])
def test_every_reject_is_as_its_schema_says(reason, payload):
    assert check_made("reject", [Reject("orders", 2, 17, reason, "k=1", payload or "x").message()]) == set()
    VALIDATORS["reject"].validate(json.loads(Reject("orders", 2, 0, reason, "", payload).message()))


def test_the_examples_are_what_the_code_reads_and_writes():
    for name, wire in (("execution", executions), ("order_cancel_reject", executions), ("fill", fills)):
        written_again = wire.to_json(wire.from_json(json.dumps(example(name))))
        assert json.loads(written_again) == example(name)
        assert list(json.loads(written_again)) == list(example(name))
    for name in ("tick", "portfolio_order", "order", "cancel", "trading_state"):
        assert is_accepted(name, json.dumps(example(name)))
    for name in (name for name in SCHEMAS if name.startswith("timeline_")):
        record = Record("timeline", 0, 0, 0, None, json.dumps(example(name)).encode())
        key, written = timeline_records.to_record(timeline_records.from_record(record))
        assert key == SCHEMAS[name]["key"]
        assert written == json.dumps(example(name), separators=(",", ":"))
    for name, kind in JOURNAL_KINDS.items():
        entry = journal_records.from_record(SCHEMAS[name]["key"], json.dumps(example(name)))
        written_key, written = journal_records.to_record(entry)
        assert written_key.startswith(f"{kind}|")
        assert written == json.dumps(example(name), separators=(",", ":"))


def test_every_message_of_orders_has_a_schema():
    names = ("portfolio_order", "order", "cancel", "replace", "mass_cancel", "trading_state")
    assert {SCHEMAS[name]["properties"]["msg_type"]["const"] for name in names} == set(MsgType)


# What a schema can't say is left out here: sizes of numbers, printable text, the range of times.
numbers = st.sampled_from([1, 1.5, -2, 0, "1.5", "-1", "1e3", "1,5", "abc", "", True, None, [], {}])
names = st.sampled_from(
    ["IVE", "x" * 32, "x" * 33, "x" * 64, "x" * 65, "x" * 129, "a b", "a\\", "é", "", 5, None]
)
choices = st.sampled_from(
    ["BUY", "SELL", "GTC", "DAY", "MARKET", "STOP_LIMIT", "HALTED", "buy", "", 5, True, None]
)
times = st.sampled_from([1438539936, 1438539936.5, "1438539936.355217", "now", True, None])
portfolios = st.sampled_from(
    [[], [{}], ["IVE"], None, {}, [{"symbol": "IVE", "weight": 1}], [{"symbol": "IVE", "weight": "x"}]]
) | st.lists(st.fixed_dictionaries({"symbol": names, "weight": numbers}), max_size=2)
VALUES = {
    **dict.fromkeys(
        ("bid", "ask", "bid_size", "ask_size"), numbers.filter(lambda value: type(value) is not str)
    ),
    **dict.fromkeys(("amount", "order_qty", "cash_order_qty", "priority", "price", "stop_px"), numbers),
    **dict.fromkeys(
        ("symbol", "exchange", "account", "order_id", "cl_ord_id", "orig_cl_ord_id", "list_id"), names
    ),
    **dict.fromkeys(("msg_type", "side", "ord_type", "time_in_force", "state"), choices),
    **dict.fromkeys(("timestamp", "expire_time"), times),
    "portfolio": portfolios,
}


@pytest.mark.parametrize("name", ["tick", "portfolio_order", "order", "cancel", "trading_state"])
@settings(deadline=None)
@given(data=st.data())
def test_a_schema_accepts_what_the_code_accepts(name, data):
    message = example(name) | {"other": 5}
    for field in data.draw(st.lists(st.sampled_from(sorted(SCHEMAS[name]["properties"])), max_size=2)):
        if data.draw(st.booleans(), label="is left out"):
            message.pop(field, None)
        else:
            message[field] = data.draw(VALUES[field], label=field)
    assert VALIDATORS[name].is_valid(message) == is_accepted(name, json.dumps(message))
