"""Reading reports and fills from the topics, and checking that nothing is lost or duplicated."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka import Message as KafkaMessage
from support.order_traffic import Message

from fintank.adapters import kafka_security
from fintank.adapters.kafka_topics import topics

LOT = Decimal("0.000001")
MOMENT_SECONDS = 0.5
READ_SECONDS = 60
TERMINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED"}

POISON_KEY = b"poison"
"""The key of what the fault runs write in between; it is no message."""


class CommittedLog:
    """The committed messages of a topic; each call of `read` continues where the last one stopped.

    Records with the key POISON_KEY are left out.
    """

    def __init__(self, address: str, topic: str, decode: Callable[[str], Message] = json.loads) -> None:
        self.messages: list[Message] = []
        self._decode = decode
        self._at_end: set[int] = set()
        self._partitions = topics()[topic].partitions
        self._consumer = Consumer(
            {
                "bootstrap.servers": address,
                **kafka_security.confluent_options(),
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
        """Read to the end; return all messages so far, each with `_partition` and `_key`."""
        deadline = time.monotonic() + READ_SECONDS
        while (found := self._consumer.poll(0.1)) is not None or len(self._at_end) < self._partitions:
            assert time.monotonic() < deadline
            if found is not None:
                self._take(found)
        return self.messages

    def read_some(self) -> list[Message]:
        """Read for a moment; return all messages so far. In a busy topic `read` would never see the end."""
        deadline = time.monotonic() + MOMENT_SECONDS
        while time.monotonic() < deadline and (found := self._consumer.poll(0.1)) is not None:
            self._take(found)
        return self.messages

    def _take(self, found: KafkaMessage) -> None:
        if found.error() is None:
            self._at_end.discard(found.partition())
            if found.key() == POISON_KEY:
                return
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
    """Check that every component was decided once and traded to the cent, and nothing else happened."""
    wanted = {
        f"{order['order_id']}-{line['symbol']}": (order, line)
        for order in orders
        for line in order["portfolio"]
    }
    ids = {order["order_id"] for order in orders}
    mine = [report for report in reports if report.get("list_id") in ids]  # a cancel reject has none
    check_once(wanted, mine, fills)
    check_order(mine)
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
    """Check that a BUY leaves less cash than a lot costs, and a SELL raises at most one lot too much."""
    left, price = Decimal(report["residual_cash"]), Decimal(report["last_px"])
    assert Decimal(report["cash_order_qty"]) - Decimal(report["last_qty"]) * price == left
    assert 0 <= left < price * LOT if report["side"] == "BUY" else -price * LOT < left <= 0
    assert price == Decimal(report["ask" if report["side"] == "BUY" else "bid"])


def check_order(reports: list[Message]) -> None:
    """Check that the orders of a partition for one symbol were decided in the order of their offsets."""
    decided: dict[tuple[str, str], list[int]] = defaultdict(list)
    for report in reports:
        if report["exec_type"] in ("NEW", "REJECTED"):
            partition, _, offset = report["input"].rpartition("-")
            decided[report["symbol"], partition].append(int(offset))
    for offsets in decided.values():
        assert offsets == sorted(offsets)


def check_once(cl_ord_ids: Iterable[str], reports: list[Message], fills: list[Message]) -> None:
    """Check that exactly these orders have one NEW and one FILLED report and one fill each."""
    found = Counter((report["cl_ord_id"], report["exec_type"], report["ord_status"]) for report in reports)
    expected = {(name, "NEW", "NEW"): 1 for name in cl_ord_ids}
    expected |= {(name, "TRADE", "FILLED"): 1 for name in cl_ord_ids}
    assert found == expected
    trades = {report["exec_id"]: report for report in reports if report["exec_type"] == "TRADE"}
    booked = [fill for fill in fills if fill["cl_ord_id"] in set(cl_ord_ids)]
    assert Counter(fill["exec_id"] for fill in booked) == dict.fromkeys(trades, 1)
    for fill in booked:
        sign = 1 if fill["side"] == "BUY" else -1
        trade = trades[fill["exec_id"]]
        assert Decimal(fill["delta_shares"]) == sign * Decimal(trade["last_qty"])
        assert Decimal(fill["delta_cash"]) == -sign * Decimal(trade["last_qty"]) * Decimal(trade["last_px"])
