"""The bolt that validates orders."""

import json

from fintank.bolts.order_deserializer import OrderDeserializer
from fintank.wire.bolts.order_stream import from_line
from fintank.wire.kafka.orders import read

PORTFOLIO_ORDER = (
    '{"msg_type": "portfolio_order", "order_id": "d", "account": "A", "side": "BUY", "amount": 10,'
    ' "portfolio": [{"symbol": "IVE", "weight": 1}], "timestamp": 1438539936.5}'
)
ORDER = (
    '{"msg_type": "order", "cl_ord_id": "t", "account": "A", "side": "SELL", "symbol": "IVE",'
    ' "order_qty": 10, "timestamp": 1438539936.5}'
)
LINE = (
    'portfolio_orders,partition=2,side=BUY order_id="d",account="A",amount=10,priority=1i,'
    'time_in_force="GTC",symbols="IVE",order_time_us=1438539936500000i,offset={0}i 143853993650000000{0}'
)


def batch_of(storm, *records):
    return storm.batch_of("a", "orders", 2, f"7,{len(records)},1438540000000", "\n".join(records))


def orders_of(sent):
    (message,) = [message for message in sent if message.get("stream") == "orders"]
    return [from_line(line) for line in message["tuple"][6].split("\n")]


def test_a_batch_becomes_lines_of_its_portfolio_orders_and_all_orders_and_is_acked_after_them(storm):
    records = [PORTFOLIO_ORDER, ORDER, PORTFOLIO_ORDER]
    sent = storm.run(OrderDeserializer, batch_of(storm, *records))
    appended = "7,3,1438540000000"
    lines = f"{LINE.format(7)}\n{LINE.format(9)}"
    assert sent[0] == storm.emitted("a", ["orders", 2, "7,1 9,1", lines, appended])
    validated = sent[1]["tuple"][6]
    assert sent[1] == storm.emitted("a", ["orders", "id", 2, 7, 10, appended, validated], stream="orders")
    assert sent[2:] == [storm.acked("a")]
    assert orders_of(sent) == read("orders", 2, "7,3,1438540000000", "\n".join(records)).messages


def test_orders_for_one_symbol_have_no_line_here(storm):
    sent = storm.run(OrderDeserializer, batch_of(storm, ORDER))
    assert [message.get("stream", message["command"]) for message in sent] == ["orders", "ack"]


def test_what_is_no_order_goes_to_rejects_and_the_order_beside_it_on(storm):
    sent = storm.run(OrderDeserializer, batch_of(storm, ORDER.replace("SELL", "HOLD"), ORDER))
    orders, reject, ack = sent
    assert [order.input for order in orders_of(sent)] == ["orders-2-8"]
    assert orders["stream"] == "orders"
    key, message = reject["tuple"]
    assert reject == storm.emitted("a", [key, message], stream="rejects")
    assert key == "orders-2-7"
    assert json.loads(message)["detail"] == 'field="side" value="HOLD"'
    assert ack == storm.acked("a")


def test_a_batch_without_any_order_still_covers_its_offsets(storm):
    sent = storm.run(OrderDeserializer, batch_of(storm, "", "x"))
    assert [message.get("stream", message["command"]) for message in sent] == [
        "orders",
        "rejects",
        "rejects",
        "ack",
    ]
    assert sent[0]["tuple"] == ["orders", "id", 2, 7, 9, "7,2,1438540000000", ""]


def test_offsets_without_records_are_passed_on(storm):
    sent = storm.run(OrderDeserializer, storm.tuple_of("a", "orders", "id", 2, 7, 9, "", ""))
    assert sent == [storm.emitted("a", ["orders", "id", 2, 7, 9, "", ""], stream="orders"), storm.acked("a")]


def test_a_tuple_that_is_no_batch_is_failed_and_ends_the_process(storm):
    sent = storm.run(OrderDeserializer, storm.batch_of("a", "orders", 2, "7,2,1438540000000", ORDER))
    assert [message["command"] for message in sent] == ["error", "sync", "fail"]
