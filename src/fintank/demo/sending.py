"""What the demo sends: fake ticks and orders, real quotes with orders in between, and probe ticks."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType

from fintank.adapters import kafka
from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.kafka_producer import BulkProducer
from fintank.errors import FintankError
from fintank.samples import fake_orders, fake_ticks
from fintank.samples.quote_file import Extent, QuoteFile, shift_us, shifted_records
from fintank.settings import Settings
from fintank.terminal.screen import LiveLine
from fintank.waiting import wait_until
from fintank.wire.kafka import order_json
from fintank.wire.kafka.tick_json import tick_of_numbers

FAKE_SYMBOLS = 3
FAKE_SPAN_US = 3_600_000_000
SHOW_EVERY_RECORDS = 1_000
PROBE_SYMBOL = "PROBE"
PROBE_EXCHANGE = "DEMO"
PROBE_EVERY_SECONDS = 0.1
LOOK_EVERY_SECONDS = 0.02
LAST_PROBES_SECONDS_MAX = 30.0

Keyed = tuple[str, bytes]
"""The key and the record."""


def send_fakes(address: str, ticks: int, orders: int, name: str) -> None:
    """Send fake ticks, and in between portfolio orders with the ids `name-1`, `name-2`, ..."""
    times_us = fake_ticks.times_over_span_us(ticks, FAKE_SPAN_US, now_us(), None)
    made = (
        (order.account, order_json.portfolio_order_json(**order._asdict(), time_us=now_us()))
        for order in fake_orders.portfolio_orders(None, fake_ticks.symbol_names(FAKE_SYMBOLS), orders, name)
    )
    records = interleaved(fake_ticks.records(None, FAKE_SYMBOLS, times_us), ticks, made, orders)
    _send(address, records, ticks + orders)


def send_replay(address: str, files: Mapping[QuoteFile, Extent], orders: int, name: str) -> None:
    """Send the files' quotes one after the other, and in between market orders for all of their symbols."""
    quotes = sum(extent.quotes for extent in files.values())
    symbols = list(dict.fromkeys(symbol for extent in files.values() for symbol in extent.symbols))
    made = (
        (order.account, order_json.market_order_json(**order._asdict(), time_us=now_us()))
        for order in fake_orders.market_orders(symbols, orders, name)
    )
    _send(address, interleaved(_quotes(files), quotes, made, orders), quotes + orders)


def interleaved(
    ticks: Iterable[Keyed], tick_count: int, orders: Iterator[Keyed], order_count: int
) -> Iterator[tuple[str, Keyed]]:
    """Yield (topic, record): the ticks, and the orders spread evenly between them, each made when it is due.

    The last order comes before the last ticks, so that a price which it waits for can still come.
    """
    sent = 0
    for number, tick in enumerate(ticks, 1):
        while sent < order_count and number * (order_count + 1) > (sent + 1) * tick_count:
            yield "orders", next(orders)
            sent += 1
        yield "ticks", tick


def _send(address: str, records: Iterable[tuple[str, Keyed]], total: int) -> None:
    producers = {
        topic: BulkProducer(address, topic, kafka.TOPICS[topic].partitions) for topic in ("ticks", "orders")
    }
    with LiveLine() as line:
        for number, (topic, (key, value)) in enumerate(records):
            producers[topic].send(key, value)
            if number % SHOW_EVERY_RECORDS == 0:
                line.show(f"{number:,} of {total:,} are sent")
    for producer in producers.values():
        producer.flush()
        producer.raise_failed()


def _quotes(files: Mapping[QuoteFile, Extent]) -> Iterator[Keyed]:
    for file, extent in files.items():
        yield from shifted_records(file, shift_us(extent, now_us(), None))


def now_us() -> int:
    """Return the time of day in microseconds since the epoch."""
    return time.time_ns() // 1000


class Probes:
    """Sends a probe tick every 0.1 s while it is entered, and sees by queries when InfluxDB has it.

    The rate is fixed: a backlog that delays one probe delays the next ones too, and all of them count.
    """

    def __init__(self, where: Settings) -> None:
        self._where = where
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._waiting: dict[int, float] = {}
        self._failure: FintankError | None = None
        self.seconds: list[float] = []
        """Of each probe that was stored, from its send to the answer of the query that had it."""

    def __enter__(self) -> "Probes":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if kind is None:
            self._thread.join()
            self.raise_failed()

    def raise_failed(self) -> None:
        """Raise what has ended the probing before its time."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._probe()
        except FintankError as error:
            self._failure = error

    def _probe(self) -> None:
        producer = BulkProducer(self._where.kafka, "ticks", kafka.TOPICS["ticks"].partitions)
        influx = InfluxDB(self._where.influx)
        next_send = time.monotonic()
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            if time.monotonic() >= next_send:
                self._send(producer)
                next_send = max(next_send + PROBE_EVERY_SECONDS, time.monotonic())
            self._look(influx)

        def are_all_stored() -> bool:
            self._look(influx)
            return not self._waiting

        wait_until(are_all_stored, LAST_PROBES_SECONDS_MAX, every=LOOK_EVERY_SECONDS)

    def _send(self, producer: BulkProducer) -> None:
        # Never a whole millisecond: such a tick's point would not have the tick's microsecond in its time.
        time_us = now_us() // 1000 * 1000 + 1
        self._waiting[time_us] = time.monotonic()
        producer.send(PROBE_SYMBOL, tick_of_numbers(PROBE_SYMBOL, PROBE_EXCHANGE, "99.99", "100.01", time_us))
        producer.flush()

    def _look(self, influx: InfluxDB) -> None:
        if not self._waiting:
            return
        stored = influx.rows(
            f"SELECT bid FROM bid_ask WHERE symbol = '{PROBE_SYMBOL}' AND exchange = '{PROBE_EXCHANGE}' "
            f"AND time >= {min(self._waiting) * 1000}"
        )
        seen = time.monotonic()
        for time_ns, _ in stored:
            sent = self._waiting.pop(time_ns // 1000, None)
            if sent is not None:
                self.seconds.append(seen - sent)
