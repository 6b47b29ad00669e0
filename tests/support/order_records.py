"""Records of the topic `orders` as JSON text, and reading one of them."""

import json

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
CANCEL = {
    "msg_type": "cancel",
    "cl_ord_id": "c-1",
    "account": "A-1001",
    "symbol": "IVE",
    "orig_cl_ord_id": "ticket-1",
    "timestamp": 1438539936.355217,
}
TRADING_STATE = {"msg_type": "trading_state", "state": "HALTED", "timestamp": 1438539936.355217}


def text_of(message, **changes):
    """Write a message with some fields changed."""
    return json.dumps({**message, **changes})


def batch_of(*records, first=1000, partition=2):
    """Read records of consecutive offsets; return their messages and rejects."""
    return read("orders", partition, f"{first},{len(records)},{APPEND_MS}", "\n".join(records))


def order_of(record, **options):
    """Read a valid record."""
    messages, rejects = batch_of(record, **options)
    assert rejects == []
    (message,) = messages
    return message


def reject_of(record):
    """Read an invalid record; return reason and detail of its reject."""
    messages, rejects = batch_of(record)
    assert messages == []
    (reject,) = rejects
    assert (reject.topic, reject.partition, reject.offset, reject.payload) == ("orders", 2, 1000, record)
    return reject.reason, reject.detail
