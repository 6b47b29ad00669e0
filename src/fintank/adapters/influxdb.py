"""InfluxDB over HTTP: write lines, query, ping."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import urllib3

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.settings import DATABASE, host_and_port
from fintank.wire.points.point_values import Measurement, Point, of_answer

CONNECT_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 30.0
QUERY_TIMEOUT_S = 60.0
PING_TIMEOUT_S = 2.0
SHORT_LINE_CHARS_MAX = 16 * 1024
"""No proxy refuses a request of this size for its length: a 413 is then an outage."""
CHUNK_ROWS = 10_000
READ_BYTES = 256 * 1024
ONCE_TAGS = {"account", "last_mkt"}
MEASUREMENTS_WITH_ACCOUNTS = ("executions", "fills", "portfolio_component_orders", "portfolio_orders")
_ANSWER_CHARS_MAX = 300
_OWN_HEADER = "X-Influxdb-Version"
_OWN_ERRORS = re.compile(r"partial write: |unable to parse |.*field type conflict|invalid field format")
"""How InfluxDB's complaints about lines begin, for an InfluxDB behind a proxy that drops its headers."""
_DROPPED = re.compile(r" dropped=([0-9]+)\Z")
_HOURS = re.compile(r"([0-9]+)h([0-9]+)m([0-9]+)s")

Series = tuple[dict[str, str], list[list[Any]]]
"""Tags and rows; a row is the time in nanoseconds and the selected values."""


class InfluxUnavailableError(FintankError):
    """The write failed, and the lines are not to blame: the same write may succeed later."""


@dataclass(frozen=True)
class Refusal:
    """A line that InfluxDB refuses: its number in the batch, from 0, and InfluxDB's reason."""

    line_number: int
    answer: str


class Retention(NamedTuple):
    """The default retention policy of a database; seconds is 0 if points are kept forever."""

    policy: str
    seconds: int


class Answer(NamedTuple):
    """An HTTP answer; `is_influxdbs_own` if its error comes from InfluxDB and not from a proxy."""

    status: int
    text: str
    is_influxdbs_own: bool

    def __str__(self) -> str:
        return f"{self.status}: {self.text[:_ANSWER_CHARS_MAX]}"

    @property
    def cure(self) -> str:
        """What to check after a denied request, to append to an error message."""
        return f"; {credentials.INFLUX_CURE}" if self.status in (401, 403) else ""


class InfluxDB:
    """A client of one database, over one kept-open connection. Not thread-safe."""

    def __init__(self, address: str, database: str = DATABASE) -> None:
        """Name the server, as host:port; nothing is connected before the first request."""
        self._address = address
        self._database = database
        host, port = host_and_port(address)
        self._pool = urllib3.HTTPConnectionPool(
            host, port, maxsize=1, retries=False, headers=credentials.influx_headers()
        )

    def ping(self) -> bool:
        """Return whether an InfluxDB answers."""
        try:
            return self._pool.request("GET", "/ping", timeout=PING_TIMEOUT_S).status == 204
        except (urllib3.exceptions.HTTPError, OSError):
            return False

    def write(self, lines: str) -> list[Refusal]:
        """Write line protocol (nanoseconds, joined by newlines); return the lines that InfluxDB refuses.

        All other lines are stored. Raises InfluxUnavailableError when that is uncertain: no connection, a
        timeout, or any answer that does not blame the lines. Writes are idempotent. A missing database is
        created.
        """
        complaint = self._complaint(lines)
        return [] if complaint is None else list(self._refusals(lines.split("\n"), 0, complaint))

    def create_database(self) -> None:
        """Create the database if it is missing; raise InfluxUnavailableError if InfluxDB does not."""
        answer = self.execute(f'CREATE DATABASE "{self._database}"')
        if answer.status != 200:
            raise InfluxUnavailableError(
                f"InfluxDB ({self._address}) did not create {self._database}: {answer}{answer.cure}"
            )

    def execute(self, statement: str) -> Answer:
        """Run one statement that changes something and return the answer; it stays out of access logs."""
        return self._post("/query", fields={"q": statement}, encode_multipart=False)

    def rows(self, query: str) -> list[list[Any]]:
        """Return the rows of one SELECT, each the time in nanoseconds and the selected values.

        Empty if the measurement or the database does not exist. Raises FintankError if InfluxDB does not
        answer or refuses.
        """
        return list(self.stream(query))

    def stream(self, query: str) -> Iterator[list[Any]]:
        """Yield what `rows` returns, in bounded memory."""
        for _, rows in self.series(query):
            yield from rows

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points from since_ns on (default: all), series by series, each ordered by time."""
        fields = ", ".join(f'"{name}"' for name in measurement.fields)
        where = "" if since_ns is None else f" WHERE time >= {since_ns}"
        for tags, rows in self.series(f'SELECT {fields} FROM "{measurement.name}"{where} GROUP BY *'):
            yield of_answer(measurement.name, tags, rows)

    def count(self, field: str, measurement: str, where: str) -> int:
        """Count the points of a measurement that have a field."""
        rows = self.rows(f"SELECT count({field}) FROM {measurement} WHERE {where}")
        return int(rows[0][1]) if rows else 0

    def retention(self) -> Retention:
        """Return the default retention policy; forever if the database does not exist."""
        for policy, duration, _, _, is_default in self.rows(f'SHOW RETENTION POLICIES ON "{self._database}"'):
            found = _HOURS.fullmatch(duration)
            if is_default and found:
                hours, minutes, seconds = map(int, found.groups())
                return Retention(policy, 3600 * hours + 60 * minutes + seconds)
        return Retention("", 0)

    def require_own_points(self) -> None:
        """Raise FintankError if points of an earlier version are stored, with a tag that is a field now.

        If a name is both, InfluxQL silently reads only one of the two.
        """
        old = [
            name
            for name in MEASUREMENTS_WITH_ACCOUNTS
            if ONCE_TAGS & {tag for (tag,) in self.rows(f"SHOW TAG KEYS FROM {name}")}
        ]
        if old:
            dropped = "; ".join(f"DROP MEASUREMENT {name}" for name in old)
            raise FintankError(
                f"InfluxDB ({self._address}) holds points of an earlier version, with other tags: "
                f"run `invoke reset`, or in its database {self._database}: {dropped}"
            )

    def series(self, query: str) -> Iterator[Series]:
        """Yield the series of one SELECT; one of more than CHUNK_ROWS rows comes in several parts."""
        for chunk in self._chunks(query):
            try:
                answer = orjson.loads(chunk)
            except ValueError as error:
                raise FintankError(
                    f"InfluxDB ({self._address}) answered with something other than JSON: is it InfluxDB 1.x?"
                ) from error
            for result in (answer, *answer.get("results", ())):
                refusal = result.get("error", "database not found")
                if not refusal.startswith("database not found"):
                    raise FintankError(f"InfluxDB ({self._address}) refused the query: {refusal}")
                for found in result.get("series", ()):
                    yield found.get("tags", {}), found["values"]

    def _chunks(self, query: str) -> Iterator[bytes]:
        """Yield the chunks of an answer, each a line of JSON."""
        fields = {"db": self._database, "q": query, "epoch": "ns", "chunked": "true"}
        fields["chunk_size"] = str(CHUNK_ROWS)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=QUERY_TIMEOUT_S)
        try:
            with closing(
                self._pool.request("GET", "/query", fields=fields, timeout=timeout, preload_content=False)
            ) as response:
                if response.status != 200:
                    answer = _answer(response.status, response.headers, response.read())
                    raise FintankError(f"InfluxDB ({self._address}) answered {answer}{answer.cure}")
                begun: list[bytes] = []
                for part in response.stream(READ_BYTES):
                    *ended, rest = part.split(b"\n")
                    for line in ended:
                        yield b"".join([*begun, line])
                        begun = []
                    begun.append(rest)
                if any(begun):
                    yield b"".join(begun)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FintankError(f"InfluxDB ({self._address}) does not answer: run `invoke up`") from error

    def _refusals(self, lines: Sequence[str], first: int, complaint: str) -> Iterator[Refusal]:
        """Find the refused lines of a batch by halving it."""
        # The complaint names at best some of the bad lines, so each is found by finally writing it alone.
        dropped = _DROPPED.search(complaint)
        if len(lines) == 1 or (dropped and int(dropped[1]) == len(lines)):
            for number in range(len(lines)):
                yield Refusal(first + number, complaint[:_ANSWER_CHARS_MAX])
            return
        middle = len(lines) // 2
        for start, part in ((first, lines[:middle]), (first + middle, lines[middle:])):
            found = self._complaint("\n".join(part))
            if found is not None:
                yield from self._refusals(part, start, found)

    def _complaint(self, lines: str) -> str | None:
        """Post the lines; return why some were refused, None if all are stored."""
        path = f"/write?db={self._database}&precision=ns"
        answer = self._post(path, body=lines.encode())
        if answer.status == 404:
            self.create_database()
            answer = self._post(path, body=lines.encode())
        if answer.status == 204:
            return None
        # A proxy may accept less at once than InfluxDB does. A proxy's own 400 says nothing about the lines,
        # and its 413 nothing about a short line.
        is_too_large = answer.status == 413 and ("\n" in lines or len(lines) > SHORT_LINE_CHARS_MAX)
        if is_too_large or (answer.status == 400 and answer.is_influxdbs_own):
            return answer.text
        raise InfluxUnavailableError(f"InfluxDB ({self._address}) answered {answer}")

    def _post(self, path: str, **content: Any) -> Answer:
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=WRITE_TIMEOUT_S)
        try:
            response = self._pool.request("POST", path, redirect=False, timeout=timeout, **content)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise InfluxUnavailableError(f"InfluxDB ({self._address}) does not answer: {error}") from error
        return _answer(response.status, response.headers, response.data)


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    text = body.decode(errors="replace").strip()
    try:
        error = json.loads(text)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):  # a proxy's answer, or none at all
        return Answer(status, text, is_influxdbs_own=False)
    if not isinstance(error, str):
        return Answer(status, text, is_influxdbs_own=False)
    return Answer(status, error, _OWN_HEADER in headers or bool(_OWN_ERRORS.match(error)))
