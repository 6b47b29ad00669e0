"""Brings a board up to date from the topics, with a bounded amount of work each time."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice

from fintank.adapters import kafka
from fintank.adapters.consumer_groups import lags, partition_states
from fintank.adapters.topic_reader import Positions, TopicReader, open_reader
from fintank.scale import PARTITIONED
from fintank.terminal.screen import track
from fintank.watch.board import Board, Rates
from fintank.wire.kafka.records import Record

RECENT_TICKS = 500
RECENT_RECORDS = 100
LAG_EVERY_SECONDS = 2.0
RECORDS_MAX = 20_000
"""The most records of a topic that one refresh reads; what comes faster is caught up with later."""


class TopicsFeed:
    """Reads what is new. Ticks are sampled: of those that came since, only the last RECENT_TICKS are read."""

    def __init__(self, address: str, readers: Mapping[str, TopicReader], board: Board) -> None:
        self._address = address
        self._readers = readers
        self._board = board
        self._positions: dict[str, Positions] = {}
        self._taken: Counter[str] = Counter(executions=0, fills=0, rejects=0)
        self._seen: dict[str, tuple[float, int]] = {}
        self._lag: dict[str, int] = {}
        self._lag_at = 0.0

    def start(self) -> None:
        """Read all fills, and the latest records of the other topics."""
        for topic in ("executions", "rejects"):
            reader = self._readers[topic]
            ends = reader.ends()
            self._take(topic, reader.last(RECENT_RECORDS, ends))
            self._positions[topic] = ends
        fills = self._readers["fills"]
        positions = fills.starts()
        self._take("fills", track(fills.read(positions), fills.ahead(positions), "reading fills"))
        self._positions["fills"] = positions

    def refresh(self) -> None:
        """Read what came since the last time."""
        now = time.monotonic()
        ticks = self._readers["ticks"]
        tick_ends = ticks.ends()
        self._board.on_ticks(ticks.last(RECENT_TICKS, tick_ends))
        for topic, positions in self._positions.items():
            self._take(topic, islice(self._readers[topic].read(positions), RECORDS_MAX))
        order_ends = self._readers["orders"].ends()
        # What the engine writes is counted by records: transactions take offsets too.
        totals = {"ticks": sum(tick_ends.values()), "orders": sum(order_ends.values()), **self._taken}
        rates = {topic: self._rate(topic, total, now) for topic, total in totals.items()}
        if now - self._lag_at > LAG_EVERY_SECONDS:
            self._lag_at = now
            self._lag = self._lags()
        self._board.rates = Rates(rates, self._lag)

    def _take(self, topic: str, records: Iterable[Record]) -> None:
        board = self._board
        take = {"executions": board.on_reports, "fills": board.on_fills, "rejects": board.on_rejects}
        take[topic](self._counted(topic, records))

    def _counted(self, topic: str, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self._taken[topic] += 1
            yield record

    def _rate(self, topic: str, total: int, now: float) -> float:
        before, count = self._seen.get(topic, (now, total))
        self._seen[topic] = (now, total)
        return (total - count) / (now - before) if now > before else 0.0

    def _lags(self) -> dict[str, int]:
        with kafka.connect(self._address) as admin:
            return lags(partition_states(admin))


@contextmanager
def open_feed(address: str, board: Board) -> Iterator[TopicsFeed]:
    """Open a feed of a board and start it."""
    with ExitStack() as stack:
        readers = {
            topic: stack.enter_context(open_reader(address, topic)) for topic in (*PARTITIONED, "rejects")
        }
        feed = TopicsFeed(address, readers, board)
        feed.start()
        yield feed
