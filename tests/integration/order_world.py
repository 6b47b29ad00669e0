"""Orders and ticks to send, and what the topics must hold of them in the end."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka import Message as KafkaMessage

from fintank.adapters import credentials
from fintank.adapters.kafka import TOPICS, partition_for

Message = dict[str, Any]

LOT = Decimal("0.000001")
FLUSH_SECONDS = 60
SLICE_ORDERS = 4
SLICE_SECONDS = 0.1
MOMENT_SECONDS = 0.5
READ_SECONDS = 60
TERMINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED"}


def send(address: str, topic: str, key_field: str, messages: Iterable[Message]) -> None:
    """Write messages, each to the partition of its key, and wait until the broker has them."""
    producer = _producer(address)
    for message in messages:
        key = message[key_field]
        producer.produce(topic, json.dumps(message), key, partition_for(key, TOPICS[topic].partitions))
    assert producer.flush(FLUSH_SECONDS) == 0


@cache
def _producer(address: str) -> Producer:
    options = {"enable.idempotence": True, "log_level": 0, **credentials.confluent_options()}
    return Producer({"bootstrap.servers": address, **options})


def tick(symbol: str, bid: str = "99.50", ask: str = "100.50", exchange: str = "NYSE") -> Message:
    """Make a quote of this moment."""
    return {
        "symbol": symbol,
        "exchange": exchange,
        "bid": bid,
        "ask": ask,
        "timestamp": round(time.time(), 6),
    }


def market_order(cl_ord_id: str, symbol: str, quantity: str = "10") -> Message:
    """Make a BUY of this moment."""
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
    """Make deposits and withdrawals over two to five symbols, of four accounts."""
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
    """Sends portfolio orders and ticks without end, in the background; `sent` holds the orders."""

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


class CommittedLog:
    """The committed messages of a topic, read on at each call of `read`; decode: how each is read."""

    def __init__(self, address: str, topic: str, decode: Callable[[str], Message] = json.loads) -> None:
        self.messages: list[Message] = []
        self._decode = decode
        self._at_end: set[int] = set()
        self._partitions = TOPICS[topic].partitions
        self._consumer = Consumer(
            {
                "bootstrap.servers": address,
                **credentials.confluent_options(),
                "group.id": "order-world",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(self._partitions)]
        )

    def __enter__(self) -> "CommittedLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()

    def read(self) -> list[Message]:
        """Read up to the end; return all messages so far, each with its partition and key."""
        deadline = time.monotonic() + READ_SECONDS
        while (found := self._consumer.poll(0.1)) is not None or len(self._at_end) < self._partitions:
            assert time.monotonic() < deadline
            if found is not None:
                self._take(found)
        return self.messages

    def read_some(self) -> list[Message]:
        """Read for a moment; return all messages so far. Where they never pause, an end is never seen."""
        deadline = time.monotonic() + MOMENT_SECONDS
        while time.monotonic() < deadline and (found := self._consumer.poll(0.1)) is not None:
            self._take(found)
        return self.messages

    def _take(self, found: KafkaMessage) -> None:
        if found.error() is None:
            self._at_end.discard(found.partition())
            place = {"_partition": found.partition(), "_key": found.key().decode()}
            self.messages.append({**self._decode(found.value().decode()), **place})
        elif found.error().code() == KafkaError._PARTITION_EOF:
            self._at_end.add(found.partition())


def committed(address: str, topic: str) -> list[Message]:
    """Return all committed messages of a topic, each with `_partition` and `_key`."""
    with CommittedLog(address, topic) as log:
        return log.read()


def open_orders(reports: Iterable[Message]) -> set[str]:
    """Return the cl_ord_ids that have a NEW and no terminal report."""
    ended = {report["cl_ord_id"] for report in reports if report["ord_status"] in TERMINAL}
    return {report["cl_ord_id"] for report in reports} - ended


def check_portfolios(orders: Sequence[Message], reports: list[Message], fills: list[Message]) -> None:
    """Check that every component of the orders was decided once and traded to the cent, and nothing else."""
    wanted = {
        f"{order['order_id']}-{line['symbol']}": (order, line)
        for order in orders
        for line in order["portfolio"]
    }
    ids = {order["order_id"] for order in orders}
    mine = [report for report in reports if report.get("list_id") in ids]  # a refused cancel has none
    check_once(wanted, mine, fills)
    cash: dict[str, Decimal] = defaultdict(Decimal)
    for report in mine:
        if report["exec_type"] == "NEW":
            cash[report["list_id"]] += Decimal(report["cash_order_qty"])
            order, line = wanted[report["cl_ord_id"]]
            exact = Decimal(order["amount"]) * Decimal(line["weight"])
            assert abs(Decimal(report["cash_order_qty"]) - exact) < Decimal("0.01")
    assert cash == {order["order_id"]: Decimal(order["amount"]) for order in orders}
    for report in mine:
        if report["ord_status"] == "FILLED":
            _check_cash(report)


def _check_cash(report: Message) -> None:
    """A BUY spends all its money but less than a lot's, and never more; a SELL raises it, to the lot."""
    left, price = Decimal(report["residual_cash"]), Decimal(report["last_px"])
    assert Decimal(report["cash_order_qty"]) - Decimal(report["last_qty"]) * price == left
    assert 0 <= left < price * LOT if report["side"] == "BUY" else -price * LOT < left <= 0
    assert price == Decimal(report["ask" if report["side"] == "BUY" else "bid"])


def check_once(cl_ord_ids: Iterable[str], reports: list[Message], fills: list[Message]) -> None:
    """Check that these orders, and no others, have one NEW and one FILLED report and one booking each."""
    told = Counter((report["cl_ord_id"], report["exec_type"], report["ord_status"]) for report in reports)
    expected = {(name, "NEW", "NEW"): 1 for name in cl_ord_ids}
    expected |= {(name, "TRADE", "FILLED"): 1 for name in cl_ord_ids}
    assert told == expected
    trades = {report["exec_id"]: report for report in reports if report["exec_type"] == "TRADE"}
    booked = [fill for fill in fills if fill["cl_ord_id"] in set(cl_ord_ids)]
    assert Counter(fill["exec_id"] for fill in booked) == dict.fromkeys(trades, 1)
    for fill in booked:
        sign = 1 if fill["side"] == "BUY" else -1
        trade = trades[fill["exec_id"]]
        assert Decimal(fill["delta_shares"]) == sign * Decimal(trade["last_qty"])
        assert Decimal(fill["delta_cash"]) == -sign * Decimal(trade["last_qty"]) * Decimal(trade["last_px"])
