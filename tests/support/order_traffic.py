"""Orders and ticks to send: single ones, and a stream of them in the background."""

import json
import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

from confluent_kafka import Producer

from fintank.adapters import kafka_security
from fintank.adapters.kafka_topics import partition_for, topics

Message = dict[str, Any]

FLUSH_SECONDS = 60
SLICE_ORDERS = 4
SLICE_SECONDS = 0.1


def send(address: str, topic: str, key_field: str, messages: Iterable[Message]) -> None:
    """Send messages, each to the partition of its key, and wait until the broker has them."""
    producer = producer_of(address)
    for message in messages:
        key = message[key_field]
        producer.produce(topic, json.dumps(message), key, partition_for(key, topics()[topic].partitions))
    assert producer.flush(FLUSH_SECONDS) == 0


def produce(address: str, topic: str, key: str | None, *values: bytes | None, **options: Any) -> None:
    """Send raw values to the partition of a key; options are more options of the producer."""
    producer = Producer({"bootstrap.servers": address, "message.max.bytes": 2_000_000, **options})
    partition = partition_for(key or "", topics()[topic].partitions)
    for value in values:
        producer.produce(topic, value, key, partition)
    assert producer.flush(FLUSH_SECONDS) == 0


@cache
def producer_of(address: str) -> Producer:
    options = {"enable.idempotence": True, "log_level": 0, **kafka_security.confluent_options()}
    return Producer({"bootstrap.servers": address, **options})


def tick(symbol: str, bid: str = "99.50", ask: str = "100.50", exchange: str = "NYSE") -> Message:
    """Make a tick with the current time."""
    return {
        "symbol": symbol,
        "exchange": exchange,
        "bid": bid,
        "ask": ask,
        "timestamp": round(time.time(), 6),
    }


def market_order(cl_ord_id: str, symbol: str, quantity: str = "10") -> Message:
    """Make a BUY with the current time."""
    return {
        "msg_type": "order",
        "cl_ord_id": cl_ord_id,
        "account": "acc-1",
        "symbol": symbol,
        "side": "BUY",
        "order_qty": quantity,
        "ord_type": "MARKET",
        "timestamp": round(time.time(), 6),
    }


def portfolio_orders(prefix: str, symbols: Sequence[str], count: int, seed: int = 1) -> list[Message]:
    """Make random portfolio orders of four accounts, over two to five symbols each."""
    rng = random.Random(seed)
    return [_portfolio_order(f"{prefix}-{number}", symbols, rng) for number in range(count)]


def _portfolio_order(order_id: str, symbols: Sequence[str], rng: random.Random) -> Message:
    chosen = rng.sample(list(symbols), rng.randint(2, 5))
    parts = [rng.randint(1, 99) for _ in chosen]
    weights = [Decimal(part * 10**9 // sum(parts)) / 10**9 for part in parts]
    weights[0] += 1 - sum(weights)
    return {
        "msg_type": "portfolio_order",
        "order_id": order_id,
        "account": f"acc-{rng.randint(1, 4)}",
        "side": rng.choice(["BUY", "SELL"]),
        "amount": str(Decimal(rng.randint(100_00, 99_999_99)) / 100),
        "portfolio": [{"symbol": s, "weight": str(w)} for s, w in zip(chosen, weights, strict=True)],
        "priority": rng.randint(1, 2),
        "timestamp": round(time.time(), 6),
    }


class OrderStream:
    """Sends portfolio orders and ticks in the background; `sent` holds the orders."""

    def __init__(self, address: str, symbols: Sequence[str]) -> None:
        self.sent: list[Message] = []
        self._address = address
        self._symbols = symbols

    @contextmanager
    def flowing(self, phase: str) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._send, args=(phase, stop))
        thread.start()
        try:
            yield
            assert thread.is_alive()
        finally:
            stop.set()
            thread.join(FLUSH_SECONDS)

    def _send(self, phase: str, stop: threading.Event) -> None:
        number = 0
        while not stop.wait(SLICE_SECONDS):
            orders = portfolio_orders(f"{phase}-{number}", self._symbols, SLICE_ORDERS, seed=number)
            send(self._address, "orders", "account", orders)
            send(self._address, "ticks", "symbol", [tick(self._symbols[number % len(self._symbols)])])
            self.sent += orders
            number += 1
