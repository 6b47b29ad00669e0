"""The ticks and orders of the demo: fake ones, and real quotes with market orders between them."""

from collections.abc import Iterable, Iterator, Mapping

from fintank.adapters.bulk_producer import BulkProducer
from fintank.samples import fake_orders, fake_ticks
from fintank.samples.produce import KeyedRecord
from fintank.samples.quote_file import Extent, QuoteFile, shift_us, shifted_records
from fintank.terminal.screen import LiveLine
from fintank.waiting import now_us

FAKE_SYMBOLS = 3
FAKE_SPAN_US = 3_600_000_000
SHOW_EVERY_RECORDS = 1_000


def send_fakes(address: str, ticks: int, orders: int, name: str) -> None:
    """Send fake ticks and, spread between them, portfolio orders with the ids `name-1`, `name-2`, ..."""
    times_us = fake_ticks.times_over_span_us(ticks, FAKE_SPAN_US, now_us(), None)
    made = fake_orders.portfolio_orders(None, fake_ticks.symbol_names(FAKE_SYMBOLS), orders, name)
    due = (order.record(now_us()) for order in made)
    records = interleaved(fake_ticks.records(None, FAKE_SYMBOLS, times_us), ticks, due, orders)
    _send(address, records, ticks + orders)


def send_replay(address: str, files: Mapping[QuoteFile, Extent], orders: int, name: str) -> None:
    """Send the quotes of the files in turn and, spread between them, market orders for all their symbols."""
    count = sum(extent.quotes for extent in files.values())
    quotes = (
        record
        for file, extent in files.items()
        for record in shifted_records(file, shift_us(extent, now_us(), None))
    )
    symbols = list(dict.fromkeys(symbol for extent in files.values() for symbol in extent.symbols))
    due = (order.record(now_us()) for order in fake_orders.market_orders(symbols, orders, name))
    _send(address, interleaved(quotes, count, due, orders), count + orders)


def interleaved(
    ticks: Iterable[KeyedRecord], tick_count: int, orders: Iterator[KeyedRecord], order_count: int
) -> Iterator[tuple[str, KeyedRecord]]:
    """Yield (topic, record): the ticks, and the orders spread evenly between them, each made when it is due.

    Ticks follow the last order, so that a price it waits for can still arrive.
    """
    sent = 0
    for number, tick in enumerate(ticks, 1):
        while sent < order_count and number * (order_count + 1) > (sent + 1) * tick_count:
            yield "orders", next(orders)
            sent += 1
        yield "ticks", tick


def _send(address: str, records: Iterable[tuple[str, KeyedRecord]], total: int) -> None:
    producers = {topic: BulkProducer(address, topic) for topic in ("ticks", "orders")}
    with LiveLine() as line:
        for number, (topic, (key, value)) in enumerate(records):
            producers[topic].send(key, value)
            if number % SHOW_EVERY_RECORDS == 0:
                line.show(f"{number:,} of {total:,} sent")
    for producer in producers.values():
        producer.finish()
