"""InfluxDB over HTTP: lines are written as they are, queries are InfluxQL.

Both use the API of InfluxDB 1.x, which 2 and 3 answer too, for the most part: they take a token as the
password, and do not know CREATE DATABASE. docs/influxdb.md says how they are set up.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
from urllib3 import BaseHTTPResponse

from fintank.adapters import credentials
from fintank.adapters.sinks import (
    Refusal,
    Retention,
    Series,
    SinkUnavailableError,
    full_disk_cure,
    influxql,
)
from fintank.adapters.sinks.http_client import DENIED, HttpClient
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.refusing import refusals, shown_answer
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl
from fintank.wire.points.point_values import Measurement, Point, of_answer

SHORT_LINE_CHARS_MAX = 16 * 1024
"""No proxy refuses a request of this size for its length: a 413 is then an outage."""
CHUNK_ROWS = 10_000
READ_BYTES = 256 * 1024
ONCE_TAGS = {"account", "last_mkt"}
MEASUREMENTS_WITH_ACCOUNTS = ("executions", "fills", "portfolio_component_orders", "portfolio_orders")
_OWN_HEADER = "X-Influxdb-Version"
_OWN_ERRORS = re.compile(
    r"(?:failure writing points to database: )?partial write|unable to parse |.*field type conflict"
    r"|invalid field format"
)
"""How InfluxDB's complaints about lines begin, for an InfluxDB behind a proxy that drops its headers."""
_BLAMES_LINES = (400, 422)
"""InfluxDB 2 answers 422 where a field has another type."""
_DROPPED = re.compile(r" dropped=([0-9]+)\Z")
_HOURS = re.compile(r"([0-9]+)h([0-9]+)m([0-9]+)s")


class Answer(NamedTuple):
    """An HTTP answer; `is_influxdbs_own` if its error comes from InfluxDB and not from a proxy."""

    status: int
    text: str
    is_influxdbs_own: bool

    def __str__(self) -> str:
        return f"{self.status}: {shown_answer(self.text)}"

    @property
    def cure(self) -> str:
        """What to do about it, to append to an error message."""
        return f"; {credentials.INFLUX_CURE}" if self.status in DENIED else full_disk_cure(self.text)


class InfluxDB:
    """A client of one database, over one kept-open connection. Not thread-safe."""

    def __init__(self, url: SinkUrl) -> None:
        """Name the server and the database; nothing is connected before the first request."""
        self._name = url.shown
        self._database = url.database
        self._client = HttpClient(url, credentials.sink_login(url))

    def answers(self) -> bool:
        """Return whether an InfluxDB answers."""
        return self._client.answers()

    def prepare(self) -> list[str]:
        """Create the database if it is missing; return a warning if it does not keep points forever.

        A server may refuse to create it, or this user may not: then it must be there, or come with the first
        write.
        """
        warnings = []
        try:
            self.create_database()
        except SinkUnavailableError as error:
            databases = self._databases()
            if databases is None:
                raise
            warnings = [] if self._database in databases else [str(error)]
        self.require_own_points()
        kept = self.retention()
        if not kept.seconds:
            return warnings
        return [
            *warnings,
            f"{self._name} keeps points for only {timedelta(seconds=kept.seconds)}, by their timestamps: "
            f"it refuses older ones, which go to the topic rejects; {kept.cure}",
        ]

    def write(self, lines: str) -> list[Refusal]:
        """Write lines as Sink.write does; a missing database is created.

        A write is uncertain without an answer, or with one that does not blame the lines.
        """
        return refusals(lines, self._complaint, _are_all_refused)

    def create_database(self) -> None:
        """Create the database if it is missing; raise SinkUnavailableError if InfluxDB does not."""
        answer = self.execute(f'CREATE DATABASE "{self._database}"')
        if answer.status != 200 or answer.text:
            cure = answer.cure or "; docs/influxdb.md says how it is made in InfluxDB 2 and 3"
            raise SinkUnavailableError(f"{self._name} did not create {self._database}: {answer}{cure}")

    def execute(self, statement: str) -> Answer:
        """Run one statement that changes something and return the answer; it stays out of access logs."""
        return _answer(self._client.post("/query", fields={"q": statement}, encode_multipart=False))

    def rows(self, query: str) -> list[list[Any]]:
        """Return the rows of one SELECT, each the time in nanoseconds and the selected values.

        Empty if the measurement or the database does not exist. Raises FintankError if InfluxDB does not
        answer or refuses.
        """
        return [row for _, rows in self._series(query) for row in rows]

    def series(self, query: Query) -> Iterator[Series]:
        """Yield the series of a query, as Store.series does."""
        return self._series(influxql.select(query))

    def edges_ns(self, query: Query) -> list[int]:
        """Return the times of the first and the last point, as Store.edges_ns does."""
        return [row[0] for text in influxql.select_edges(query) for row in self.rows(text)]

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points from since_ns on (default: all), series by series, each ordered by time."""
        fields = ", ".join(f'"{name}"' for name in measurement.fields)
        where = "" if since_ns is None else f" WHERE time >= {since_ns}"
        for tags, rows in self._series(f'SELECT {fields} FROM "{measurement.name}"{where} GROUP BY *'):
            yield of_answer(measurement.name, tags, rows)

    def retention(self) -> Retention:
        """Return the default retention policy; forever if the database does not exist."""
        for row in self.rows(f'SHOW RETENTION POLICIES ON "{self._database}"'):
            policy, duration, is_default = row[0], str(row[1]), row[-1]
            found = _HOURS.fullmatch(duration)
            if is_default is True and found:
                hours, minutes, seconds = map(int, found.groups())
                alter = f'ALTER RETENTION POLICY "{policy}" ON "{self._database}" DURATION INF'
                cure = f"`{alter}` in `influx` keeps all"
                return Retention(3600 * hours + 60 * minutes + seconds, cure)
        return Retention(0)

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
                f"{self._name} holds points of an earlier version, with other tags: "
                f"run `invoke reset`, or in its database {self._database}: {dropped}"
            )

    def _databases(self) -> set[str] | None:
        """Return the databases that this user may read; None if the server refuses to say."""
        try:
            return {row[0] for row in self.rows("SHOW DATABASES")}
        except FintankError:
            return None

    def _series(self, query: str) -> Iterator[Series]:
        """Yield the series of one SELECT; one of more than CHUNK_ROWS rows comes in several parts."""
        for chunk in self._chunks(query):
            try:
                found = list(self._series_of(orjson.loads(chunk)))
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                raise FintankError(
                    f"{self._name} does not answer as InfluxDB does: check its address"
                ) from error
            yield from found

    def _series_of(self, answer: dict[str, Any]) -> Iterator[Series]:
        """Yield the series of a chunk; whatever error if it is no answer of InfluxDB."""
        for result in [answer] if "error" in answer else answer["results"]:
            refusal = result.get("error", "database not found")
            if not refusal.startswith("database not found"):
                raise FintankError(f"{self._name} refused the query: {shown_answer(refusal)}")
            for found in result.get("series", ()):
                yield found.get("tags", {}), [*found["values"]]

    def _chunks(self, query: str) -> Iterator[bytes]:
        """Yield the chunks of an answer, each a line of JSON."""
        fields = {"db": self._database, "q": query, "epoch": "ns", "chunked": "true"}
        fields["chunk_size"] = str(CHUNK_ROWS)
        with self._client.query("/query", fields) as response:
            if response.status != 200:
                answer = _answer(response)
                raise FintankError(f"{self._name} answered {answer}{answer.cure}")
            begun: list[bytes] = []
            is_empty = True
            for part in response.stream(READ_BYTES):
                *ended, rest = part.split(b"\n")
                for line in ended:
                    yield b"".join([*begun, line])
                    begun, is_empty = [], False
                begun.append(rest)
            if any(begun) or is_empty:
                yield b"".join(begun)

    def _complaint(self, lines: str) -> str | None:
        """Post the lines; return why some were refused, None if all are stored."""
        path = f"/write?db={self._database}&precision=ns"
        answer = _answer(self._client.post(path, body=lines.encode()))
        if answer.status == 404:
            self.create_database()
            answer = _answer(self._client.post(path, body=lines.encode()))
        if answer.status == 204:
            return None
        # A proxy may accept less at once than InfluxDB does. A proxy's own 400 says nothing about the lines,
        # and its 413 nothing about a short line.
        is_too_large = answer.status == 413 and ("\n" in lines or len(lines) > SHORT_LINE_CHARS_MAX)
        if is_too_large or (answer.status in _BLAMES_LINES and answer.is_influxdbs_own):
            return answer.text
        raise SinkUnavailableError(f"{self._name} answered {answer}{answer.cure}")


def _are_all_refused(line_count: int, complaint: str) -> bool:
    dropped = _DROPPED.search(complaint)
    return line_count == 1 or (dropped is not None and int(dropped[1]) == line_count)


def _answer(response: BaseHTTPResponse) -> Answer:
    status = response.status
    text = response.data.decode(errors="replace").strip()
    try:
        error = _error(json.loads(text))
    except (AttributeError, ValueError, TypeError, LookupError, RecursionError):
        error = ""
    if error:
        is_own = _OWN_HEADER in response.headers or bool(_OWN_ERRORS.match(error))
        return Answer(status, error, is_influxdbs_own=is_own)
    # An answer without an error, one of a proxy, or none at all.
    said = "" if status in (200, 204) else text or response.reason or ""
    return Answer(status, said, is_influxdbs_own=False)


def _error(body: dict[str, Any]) -> str:
    """Return the error in an answer of InfluxDB 1, 2 or 3; empty without any."""
    results = body.get("results", [{}])
    error = body.get("error") or results[0].get("error") or (body["message"] if "code" in body else "")
    lines = body.get("data")
    if lines:  # InfluxDB 3 names the refused lines
        error += f": line {lines[0]['line_number']}: {lines[0]['error_message']}"
    if not isinstance(error, str):
        raise TypeError(error)
    return error
