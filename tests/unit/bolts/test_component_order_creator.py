"""The bolt that splits portfolio orders and sends every order to its owner."""

import json
import zlib

import pytest
from support.rule_context import shipped_rules

from fintank.bolts.component_order_creator import ComponentOrderCreator
from fintank.wire.bolts.order_stream import owned_messages, to_line
from fintank.wire.kafka.orders import read

PORTFOLIO_ORDER = (
    '{"msg_type": "portfolio_order", "order_id": "d", "account": "A", "side": "BUY", "amount": 10,'
    ' "portfolio": [{"symbol": "IVE", "weight": 0.5}, {"symbol": "VTI", "weight": 0.5}],'
    ' "timestamp": 1438539936.5}'
)
ORDER = (
    '{"msg_type": "order", "cl_ord_id": "t", "account": "A", "side": "SELL", "symbol": "IVE",'
    ' "order_qty": 10, "timestamp": 1438539936.5}'
)
CASH_ALONE = PORTFOLIO_ORDER.replace("IVE", "CASH").replace('"weight": 0.5}', '"weight": 1}', 1)
CASH_ALONE = CASH_ALONE.replace('"symbol": "VTI", "weight": 0.5', '"symbol": "VTI", "weight": 0')
TASKS = {"1": "rule-engine", "2": "component-order-creator", "3": "rule-engine"}


def batch_of(storm, *records, partition=2):
    appended = f"7,{len(records)},1438540000000"
    messages, rejects = read("orders", partition, appended, "\n".join(records))
    assert rejects == []
    lines = "\n".join(map(to_line, messages))
    return storm.tuple_of("a", "orders", "id", 2, 7, 7 + len(records), appended, lines)


def by_owner(sent):
    owners = {}
    for message in sent:
        if message.get("stream") == "by_owner":
            owner, *place, appended, lines = message["tuple"]
            assert place[:4] == ["orders", "id", 2, 7]
            assert appended.startswith("7,")
            assert owner not in owners
            owners[owner] = owned_messages(lines) if lines else []
    return owners


def test_every_order_goes_to_the_owner_of_its_symbol_and_to_influxdb(storm):
    sent = storm.run(ComponentOrderCreator, batch_of(storm, PORTFOLIO_ORDER, ORDER), tasks=TASKS)
    assert sent[0]["tuple"][:3] == ["orders", 2, "7,1 7,2"]
    lines = sent[0]["tuple"][3].split("\n")
    assert [line.split(" ")[0].rpartition("=")[2] for line in lines] == ["IVE", "VTI", "IVE"]
    assert all(message["anchors"] == ["a"] and not message["need_task_ids"] for message in sent[:-1])
    assert sent[-1] == storm.acked("a")
    owners = by_owner(sent)
    found = sorted((order.symbol, order.cl_ord_id) for orders in owners.values() for order in orders)
    assert found == [("IVE", "d-IVE"), ("IVE", "t"), ("VTI", "d-VTI")]
    for owner, orders in owners.items():
        assert {zlib.crc32(order.symbol.encode()) % 4 % 2 for order in orders} <= {owner}


def test_the_orders_of_one_symbol_keep_their_order(storm):
    records = [ORDER.replace('"t"', f'"t{number}"') for number in range(50)]
    sent = storm.run(ComponentOrderCreator, batch_of(storm, *records), tasks=TASKS)
    (orders,) = filter(None, by_owner(sent).values())
    assert [order.cl_ord_id for order in orders] == [f"t{number}" for number in range(50)]


def test_what_large_portfolios_become_is_cut_by_size_and_keeps_its_order(storm):
    lines = [{"symbol": f"S{number:03}", "weight": 0.001} for number in range(1_000)]
    large = {**json.loads(PORTFOLIO_ORDER), "account": "\u6237" * 64, "amount": 1000, "portfolio": lines}
    orders = [json.dumps({**large, "order_id": "\u5355" * 63 + str(number)}) for number in range(9)]
    sent = storm.run(ComponentOrderCreator, batch_of(storm, *orders), tasks=TASKS)
    assert sent[-1] == storm.acked("a")
    emitted = [(message.get("stream"), message["tuple"]) for message in sent[:-1]]
    assert max(len(str(values)) for _, values in emitted) < 1_100_000
    assert len([values for stream, values in emitted if stream is None]) > 1
    owned = [values for stream, values in emitted if stream == "by_owner"]
    for owner in (0, 1):
        ranges = [values for values in owned if values[0] == owner]
        assert [values[5] for values in ranges[:-1]] == [values[4] for values in ranges[1:]]
        assert (ranges[0][4], ranges[-1][5]) == (7, 16)
        found = []
        for *_, first, next_offset, _, text in ranges:
            messages = owned_messages(text)
            assert all(first <= int(message.input.rpartition("-")[2]) < next_offset for message in messages)
            found += messages
        offsets = [int(order.input.rpartition("-")[2]) for order in found]
        assert offsets == sorted(offsets)
    assert sum(values[-1].count("\n") + 1 for values in owned) == 9_000


def test_the_components_sum_to_the_amount(storm):
    odd = PORTFOLIO_ORDER.replace('"amount": 10', '"amount": "10.01"')
    sent = storm.run(ComponentOrderCreator, batch_of(storm, odd), tasks={"1": "rule-engine"})
    (orders,) = by_owner(sent).values()
    assert sorted(str(order.cash_order_qty) for order in orders) == ["5", "5.01"]


def test_an_order_that_breaks_a_rule_is_passed_on_with_a_refusal(storm):
    twice = PORTFOLIO_ORDER.replace("VTI", "IVE")
    sent = storm.run(ComponentOrderCreator, batch_of(storm, twice), tasks=TASKS)
    ((order,),) = filter(None, by_owner(sent).values())
    assert order.refusal.code == "DUPLICATE_SYMBOL"
    assert 'text="code=DUPLICATE_SYMBOL symbol=IVE weight=0.5"' in sent[0]["tuple"][3]


def test_a_cancel_of_one_order_goes_to_the_owner_of_its_symbol_behind_the_order(storm):
    cancel = (
        '{"msg_type": "cancel", "cl_ord_id": "c", "account": "A", "symbol": "IVE", "orig_cl_ord_id": "t",'
        ' "timestamp": 1438539936.5}'
    )
    sent = storm.run(ComponentOrderCreator, batch_of(storm, ORDER, cancel), tasks=TASKS)
    ((owner, messages),) = [found for found in by_owner(sent).items() if found[1]]
    assert owner == zlib.crc32(b"IVE") % 4 % 2
    assert [message.cl_ord_id for message in messages] == ["t", "c"]
    assert sent[0]["tuple"][2] == "7,1"  # a cancel is no point


@pytest.mark.parametrize(
    "record",
    [
        '{"msg_type": "cancel", "cl_ord_id": "c", "account": "A", "list_id": "d", "timestamp": 1438539936.5}',
        '{"msg_type": "trading_state", "state": "HALTED", "timestamp": 1438539936.5}',
    ],
)
def test_a_message_without_a_symbol_goes_to_every_owner(storm, record):
    sent = storm.run(ComponentOrderCreator, batch_of(storm, record, partition=0), tasks=TASKS)
    owners = by_owner(sent)
    assert set(owners) == {0, 1}
    assert owners[0] == owners[1]
    assert [message.get("stream", message["command"]) for message in sent] == ["by_owner", "by_owner", "ack"]


def test_the_configured_symbols_are_those_of_a_portfolio_too(storm):
    rules = json.dumps(json.loads(shipped_rules()) | {"symbols": ["VTI"]})
    batch = batch_of(storm, PORTFOLIO_ORDER)
    sent = storm.run(ComponentOrderCreator, batch, tasks=TASKS, **{"fintank.rules": rules})
    refusals = {order.refusal.text for orders in by_owner(sent).values() for order in orders}
    assert refusals == {"code=UNKNOWN_SYMBOL symbol=IVE weight=0.5"}


def test_without_a_rule_engine_nothing_is_sent_by_owner(storm):
    sent = storm.run(ComponentOrderCreator, batch_of(storm, ORDER), tasks={"1": "order-spout"})
    assert [message.get("stream", message["command"]) for message in sent] == ["emit", "ack"]


def test_an_order_that_keeps_everything_as_cash_has_no_component_and_is_acked(storm):
    sent = storm.run(ComponentOrderCreator, batch_of(storm, CASH_ALONE), tasks=TASKS)
    assert by_owner(sent) == {0: [], 1: []}
    assert sent[2:] == [storm.acked("a")]
