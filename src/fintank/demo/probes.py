"""Probe ticks: how long a tick takes from its send until a query finds it in the sink."""

import threading
import time

from fintank.adapters import sinks
from fintank.adapters.bulk_producer import BulkProducer
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.settings import Settings
from fintank.waiting import now_us, wait_until
from fintank.wire.kafka.tick_json import tick_of_numbers

SYMBOL = "PROBE"
EXCHANGE = "DEMO"
SEND_EVERY_SECONDS = 0.1
QUERY_EVERY_SECONDS = 0.02
LAST_PROBES_SECONDS_MAX = 30.0


class Probes:
    """Sends a probe tick every 0.1 s while it is entered, and queries the sink for it.

    The rate is fixed: a backlog that delays one probe delays the next ones too, and all of them count.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._waiting: dict[int, float] = {}
        self._failure: FintankError | None = None
        self.seconds: list[float] = []
        """For each stored probe, the time from its send to the result of the query that found it."""

    def __enter__(self) -> "Probes":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        if kind is None:
            self._thread.join()
            self.raise_failed()

    def raise_failed(self) -> None:
        """Raise the error that ended the probing early, if any."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._probe()
        except FintankError as error:
            self._failure = error

    def _probe(self) -> None:
        producer = BulkProducer(self._settings.kafka, "ticks")
        store = sinks.open_store(self._settings.sink)
        next_send = time.monotonic()
        while not self._stop.wait(QUERY_EVERY_SECONDS):
            if time.monotonic() >= next_send:
                self._send(producer)
                next_send = max(next_send + SEND_EVERY_SECONDS, time.monotonic())
            self._are_all_stored(store)
        wait_until(lambda: self._are_all_stored(store), LAST_PROBES_SECONDS_MAX, every=QUERY_EVERY_SECONDS)

    def _send(self, producer: BulkProducer) -> None:
        # Never a whole millisecond: the point's time would then not hold the tick's microsecond.
        time_us = now_us() // 1000 * 1000 + 1
        self._waiting[time_us] = time.monotonic()
        producer.send(SYMBOL, tick_of_numbers(SYMBOL, EXCHANGE, "99.99", "100.01", time_us))
        producer.flush()

    def _are_all_stored(self, store: sinks.Store) -> bool:
        """Take the time of each probe that is stored by now."""
        if self._waiting:
            tags = {"symbol": [SYMBOL], "exchange": [EXCHANGE]}
            query = Query("bid_ask", ("bid",), min(self._waiting) * 1000, tags=tags)
            stored = list(sinks.rows(store, query))
            found = time.monotonic()
            for time_ns, _ in stored:
                sent = self._waiting.pop(time_ns // 1000, None)
                if sent is not None:
                    self.seconds.append(found - sent)
        return not self._waiting
