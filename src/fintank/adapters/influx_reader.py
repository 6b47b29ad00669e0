"""Reading a measurement back from InfluxDB, in chunks: memory is bounded whatever it holds."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.settings import DATABASE, host_and_port
from fintank.wire.points.point_values import Measurement, Point, of_answer

CHUNK_ROWS = 10_000
CONNECT_TIMEOUT_S = 3.0
SILENT_SECONDS_MAX = 60.0
READ_BYTES = 256 * 1024


class InfluxReader:
    """Reads points of one database."""

    def __init__(self, address: str, database: str = DATABASE) -> None:
        """Name the server, as host:port; nothing is connected before the first read."""
        self._address = address
        self._database = database
        host, port = host_and_port(address)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=SILENT_SECONDS_MAX)
        self._pool = urllib3.HTTPConnectionPool(
            host, port, retries=False, timeout=timeout, headers=credentials.influx_headers()
        )

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points series by series, each in order of time, from since_ns on: all without it.

        Nothing when the measurement or the database is not there. FintankError when InfluxDB does not
        answer, or refuses.
        """
        fields = ", ".join(f'"{name}"' for name in measurement.fields)
        where = "" if since_ns is None else f" WHERE time >= {since_ns}"
        query = f'SELECT {fields} FROM "{measurement.name}"{where} GROUP BY *'
        for found in self._series(query):
            yield of_answer(measurement.name, found.get("tags", {}), found["values"])

    def rows(self, query: str) -> Iterator[list[Any]]:
        """Yield the rows of one SELECT: the time in nanoseconds and the selected values; as `points` do."""
        for found in self._series(query):
            yield from found["values"]

    def _series(self, query: str) -> Iterator[dict[str, Any]]:
        for line in self._lines(query):
            try:
                answer = orjson.loads(line)
            except ValueError as error:
                told = f"InfluxDB ({self._address}) answered what is not JSON: is it InfluxDB 1.x?"
                raise FintankError(told) from error
            for result in (answer, *answer.get("results", ())):
                refusal = result.get("error")
                if refusal and not refusal.startswith("database not found"):
                    cure = f"; {credentials.INFLUX_CURE}" if "authori" in refusal else ""
                    raise FintankError(f"InfluxDB ({self._address}) refused to be read: {refusal}{cure}")
                yield from result.get("series", ())

    def _lines(self, query: str) -> Iterator[bytes]:
        """Yield the answer's chunks, a JSON object each."""
        fields = {"db": self._database, "q": query, "epoch": "ns", "chunked": "true"}
        fields["chunk_size"] = str(CHUNK_ROWS)
        try:
            response = self._pool.request("GET", f"/query?{urlencode(fields)}", preload_content=False)
            try:
                parts: list[bytes] = []
                for part in response.stream(READ_BYTES):
                    *ended, begun = part.split(b"\n")
                    for line in ended:
                        yield b"".join([*parts, line])
                        parts = []
                    parts.append(begun)
                if any(parts):
                    yield b"".join(parts)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FintankError(f"InfluxDB ({self._address}) does not answer: run `invoke up`") from error
