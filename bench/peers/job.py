"""The job that every peer does with a tick: parse, validate, keep the best bid and offer, write to InfluxDB.

It needs only orjson and urllib3, as each peer has a virtualenv of its own. A peer stops after TICKS ticks.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

import orjson
import urllib3

KAFKA = os.environ.get("BENCH_KAFKA", "")
INFLUXDB = os.environ.get("BENCH_INFLUXDB", "")
DATABASE = os.environ.get("BENCH_DATABASE", "")
TICKS = int(os.environ.get("BENCH_TICKS", "0"))
PROGRESS = os.environ.get("BENCH_PROGRESS", "")
GROUP = f"bench-{DATABASE}"
BATCH_TICKS = 5_000
LIMIT = 1e15


class Best(NamedTuple):
    """The best bid and offer of a symbol."""

    bid: float
    ask: float


class Job:
    """Turns ticks into lines, and keeps the best bid and offer of each symbol in memory."""

    def __init__(self) -> None:
        self.best: dict[str, Best] = {}
        self._venues: dict[str, dict[str, tuple[float, float]]] = {}
        self._count = 0

    def line(self, record: bytes | str) -> str:
        """Return the line of a JSON record; ValueError if it is no tick."""
        tick = orjson.loads(record)
        symbol, exchange, bid, ask = tick["symbol"], tick["exchange"], tick["bid"], tick["ask"]
        seconds = tick["timestamp"]
        if type(symbol) is not str or type(exchange) is not str or not symbol or not exchange:
            raise ValueError(record)
        if not (0 < bid < LIMIT and 0 < ask < LIMIT and 0 < seconds < LIMIT):
            raise ValueError(record)
        venues = self._venues.setdefault(symbol, {})
        venues[exchange] = (bid, ask)
        bids, asks = zip(*venues.values(), strict=True)
        self.best[symbol] = Best(max(bids), min(asks))
        self._count += 1
        time_ns = int(seconds * 1e6 + 0.5) * 1000 + self._count % 1000
        return f"bid_ask,exchange={exchange},symbol={symbol} bid={bid},ask={ask} {time_ns}"


class Writer:
    """Writes lines over one kept-open connection, and adds their number to the file PROGRESS."""

    def __init__(self) -> None:
        host, port = INFLUXDB.rsplit(":", 1)
        self._pool = urllib3.HTTPConnectionPool(host, int(port), maxsize=1, retries=False)
        self._progress = os.open(PROGRESS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.written = 0

    def write(self, lines: Sequence[str]) -> None:
        """Write a batch; RuntimeError unless all of it is stored."""
        answer = self._pool.request("POST", f"/write?db={DATABASE}", body="\n".join(lines).encode())
        if answer.status != 204:
            raise RuntimeError(answer.data)
        self.written += len(lines)
        os.write(self._progress, b"%d\n" % len(lines))
