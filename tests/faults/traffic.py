"""Ticks and orders of all kinds, sent in the background."""

import json
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from fintank.adapters.kafka_topics import partition_for, topics

Message = dict[str, Any]
Identity = tuple[str, str, str]
"""Account, symbol and cl_ord_id of an order."""

SYMBOLS = [f"PLAN{number:02}" for number in range(12)]
ACCOUNTS = ["A-1", "A-2", "A-3", "A-4"]
EXCHANGES = ["NYSE", "ARCA"]
ROUND_S = 0.1
TICKS_A_ROUND = 20
ORDERS_A_ROUND = 2
RECENT = 400
"""How many of the latest records `send_again` chooses from: less than a minute's."""
HALTED_ROUNDS = 10
FLUSH_S = 120
DELIVERY_MS_MAX = 300_000


class Traffic:
    """Sends until `stop`; `identities` are of the orders that stand in Kafka.

    The producer is not idempotent: when the broker dies it doubles and reorders records, as others' do.
    """

    def __init__(self, address: str, seed: int) -> None:
        self.identities: set[Identity] = set()
        self.sent = self.failed = 0
        self._rng = random.Random(seed)
        self._prices = dict.fromkeys(SYMBOLS, Decimal(100))
        self._recent: deque[tuple[str, str, str]] = deque(maxlen=RECENT)
        self._orders: deque[Message] = deque(maxlen=100)
        self._number = 0
        self._lock = threading.Lock()
        options = {"bootstrap.servers": address, "log_level": 0, "linger.ms": 5}
        self._producer = Producer({**options, "message.timeout.ms": DELIVERY_MS_MAX})

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send during the block; at its end wait until Kafka has everything."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        try:
            yield
            assert thread.is_alive(), "the traffic ended"
        finally:
            stop.set()
            thread.join()
        assert self._producer.flush(FLUSH_S) == 0

    def send_again(self, count: int) -> None:
        """Send recent records once more, in any order."""
        with self._lock:
            again = self._rng.sample(list(self._recent), min(count, len(self._recent)))
        for topic, key, text in again:
            self.produce(topic, key, text.encode(), partition_for(key, topics()[topic].partitions))

    def produce(
        self,
        topic: str,
        key: str,
        value: bytes,
        partition: int,
        identities: frozenset[Identity] = frozenset(),
    ) -> None:
        """Send one record; `identities` are of the orders in it."""

        def delivered(error: KafkaError | None, _: KafkaMessage) -> None:
            if error is None:
                self.sent += 1
                self.identities |= identities
            else:
                self.failed += 1

        try:
            self._producer.produce(topic, value, key, partition, on_delivery=delivered)
        except (BufferError, KafkaException):
            self.failed += 1

    def _run(self, stop: threading.Event) -> None:
        rounds = 0
        while not stop.wait(ROUND_S):
            for _ in range(TICKS_A_ROUND):
                tick = self._tick()
                self._send("ticks", tick["symbol"], tick)
            for _ in range(ORDERS_A_ROUND):
                order = self._portfolio_order() if self._rng.random() < 0.1 else self._order()
                if self._rng.random() < 0.03:
                    self._send("orders", order["account"], self._cancel(order))  # before its order
                self._send("orders", order["account"], order)
                if self._rng.random() < 0.02:
                    self._send("orders", order["account"], {**order, "priority": 3 - order["priority"]})
            if self._orders and self._rng.random() < 0.3:
                order = self._rng.choice(self._orders)
                self._send("orders", order["account"], self._cancel(order))
            rounds += 1
            if rounds % 150 in (0, HALTED_ROUNDS):
                self._send_state("HALTED" if rounds % 150 == 0 else "ACTIVE")
            self._producer.poll(0)

    def _send(self, topic: str, key: str, message: Message) -> None:
        text = json.dumps(message)
        with self._lock:
            self._recent.append((topic, key, text))
        found = frozenset(identities_of(message)) if topic == "orders" else frozenset()
        self.produce(topic, key, text.encode(), partition_for(key, topics()[topic].partitions), found)

    def _send_state(self, state: str) -> None:
        message = {"msg_type": "trading_state", "state": state, "timestamp": _now()}
        self.produce("orders", "trading_state", json.dumps(message).encode(), 0)

    def _tick(self) -> Message:
        symbol = self._rng.choice(SYMBOLS)
        self._prices[symbol] += Decimal(self._rng.randint(-5, 5)) / 100
        bid = self._prices[symbol]
        wide = Decimal(self._rng.choice([-1, 0, 1, 2, 5])) / 100
        sizes = {side: self._rng.randint(1, 500) for side in ("bid_size", "ask_size")}
        exchange = self._rng.choice(EXCHANGES)
        return {
            "symbol": symbol,
            "exchange": exchange,
            "bid": str(bid),
            "ask": str(bid + wide),
            "timestamp": _now(),
            **(sizes if self._rng.random() < 0.8 else {}),
        }

    def _order(self) -> Message:
        rng = self._rng
        ord_type = rng.choices(["MARKET", "LIMIT", "STOP", "STOP_LIMIT"], [4, 4, 1, 1])[0]
        is_stop = ord_type.startswith("STOP")
        tif = rng.choices(["GTC", "GTD", "DAY", "IOC", "FOK"], [3, 3, 2, *([0, 0] if is_stop else [2, 1])])[0]
        symbol = rng.choice(SYMBOLS)
        order = self._named("order", symbol=symbol, side=rng.choice(["BUY", "SELL"]), ord_type=ord_type)
        order |= {"time_in_force": tif, "priority": 1 if tif in ("IOC", "FOK") else rng.choice([1, 1, 2])}
        order["cl_ord_id"] = f"o-{self._number}"
        if rng.random() < 0.3:
            order["cash_order_qty"] = str(Decimal(rng.randint(1, 500_000)) / 100)
        else:
            order["order_qty"] = str(rng.randint(0 if rng.random() < 0.05 else 1, 300))
        for name, is_used in (("price", "LIMIT" in ord_type), ("stop_px", is_stop)):
            if is_used:
                order[name] = str(self._prices[symbol] + Decimal(rng.randint(-20, 20)) / 100)
        if tif == "GTD":
            order["expire_time"] = _now(rng.choice([1, 5, 30, 600]))
        self._orders.append(order)
        return order

    def _portfolio_order(self) -> Message:
        symbols = self._rng.sample(SYMBOLS, 3)
        order = self._named("portfolio_order", side=self._rng.choice(["BUY", "SELL"]))
        order |= {
            "order_id": f"p-{self._number}",
            "amount": str(Decimal(self._rng.randint(100, 1_000_000)) / 100),
            "portfolio": [
                {"symbol": symbol, "weight": weight}
                for symbol, weight in zip(symbols, ["0.2", "0.3", "0.5"], strict=True)
            ],
            "priority": self._rng.choice([1, 2]),
        }
        self._orders.append(order)
        return order

    def _cancel(self, order: Message) -> Message:
        cancel = self._named("cancel", account=order["account"])
        cancel["cl_ord_id"] = f"c-{self._number}"
        if "order_id" in order:
            return {**cancel, "list_id": order["order_id"]}
        return {**cancel, "orig_cl_ord_id": order["cl_ord_id"], "symbol": order["symbol"]}

    def _named(self, msg_type: str, **fields: Any) -> Message:
        self._number += 1
        account = self._rng.choice(ACCOUNTS)
        return {"msg_type": msg_type, "account": account, "timestamp": _now(), **fields}


def identities_of(message: Message) -> Iterator[Identity]:
    """Yield account, symbol and cl_ord_id of the orders in a message."""
    if message["msg_type"] == "order":
        yield message["account"], message["symbol"], message["cl_ord_id"]
    for line in message.get("portfolio", ()):
        yield message["account"], line["symbol"], f"{message['order_id']}-{line['symbol']}"


def _now(later_s: float = 0) -> float:
    return round(time.time() + later_s, 6)
