"""QuestDB over HTTP: lines are written as they are, queries are SQL.

A write is stored once it is answered, but read only when QuestDB has applied it to the table a moment later:
so every query waits for what was written before it.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson
from urllib3 import BaseHTTPResponse

from fintank.adapters import credentials
from fintank.adapters.sinks import Refusal, Retention, Series, SinkUnavailableError, full_disk_cure
from fintank.adapters.sinks.http_client import DENIED, HttpClient
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.refusing import refusals, shown_answer
from fintank.adapters.sinks.sql import (
    Dialect,
    other_form,
    quoted_name,
    quoted_names,
    select,
    select_edges,
    series_of,
)
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl
from fintank.waiting import wait_until
from fintank.wire.points.point_tables import TABLES, Kind, Table
from fintank.wire.points.point_values import Measurement, Point, of_rows

PAGE_ROWS = 50_000
APPLIED_TIMEOUT_S = 60
POLL_INTERVAL_S = 0.01
DIALECT = Dialect(
    order=("time",),
    time_ns="time::long",
    edges=("min(time)::long", "max(time)::long"),
    compared=lambda operator, time_ns: f"time {operator} {time_ns}",
    functions={
        "count": "count({0})",
        "sum": "sum({0})",
        "mean": "avg({0})",
        "max": "max({0})",
        "last": "last_not_null({0})",
    },
)
TYPES = {Kind.TEXT: "VARCHAR", Kind.INTEGER: "LONG", Kind.NUMBER: "DOUBLE"}
TTL_HOURS = {"HOUR": 1, "DAY": 24, "WEEK": 7 * 24, "MONTH": 28 * 24, "YEAR": 365 * 24}
# Measurement and tags of a line; a backslash in them that escapes nothing.
_TAGS = re.compile(r"^(?:\\.|[^\\ \n])*(?= )", re.MULTILINE)
_PLAIN_BACKSLASH = re.compile(r"\\(?![ ,=])")
_NO_TABLE = "table does not exist"
_BLAMES_LINES = "invalid"
"""The code of an error that is that of the lines."""
_PREAMBLE = "failed to parse line protocol:errors encountered on line(s):\n"


class QuestDB:
    """A client of one server, over one kept-open connection; a Sink and a Store. Not thread-safe."""

    def __init__(self, url: SinkUrl) -> None:
        """Name the server; nothing is connected before the first request."""
        self._name = url.shown
        self._client = HttpClient(url, credentials.sink_login(url))

    def answers(self) -> bool:
        """Return whether a QuestDB answers."""
        return self._client.answers()

    def prepare(self) -> list[str]:
        """Create the tables and columns that are missing; return a warning if points are not kept forever.

        FintankError if a table has another form: one that QuestDB created on its own keeps both points of a
        replay.
        """
        self._wait_until_applied()
        for table in TABLES.values():
            self._rows(_create(table))
            self._require_form(table)
        kept = self.retention()
        hours = kept.seconds // 3600
        return [f"{self._name} keeps points for only {hours:,} hours; {kept.cure}"] if hours else []

    def write(self, lines: str) -> list[Refusal]:
        """Write lines as Sink.write does; a missing table is created."""
        return refusals(lines, self._complaint)

    def require_own_points(self) -> None:
        """Do nothing: all points are of this version, as `prepare` sees to it."""

    def retention(self) -> Retention:
        """Return the shortest time to live of a table."""
        found = self._rows("SELECT table_name, ttlValue, ttlUnit FROM tables() WHERE ttlValue > 0")
        kept = [(hours * TTL_HOURS[unit], name) for name, hours, unit in found if name in TABLES]
        if not kept:
            return Retention(0)
        hours, name = min(kept)
        return Retention(hours * 3600, f"`ALTER TABLE {name} SET TTL 0` keeps all")

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points from since_ns on (default: all), ordered by time."""
        self._wait_until_applied()
        table = TABLES[measurement.name]
        names = quoted_names((*table.tags, *measurement.fields))
        since, limit = since_ns or 0, PAGE_ROWS
        while True:
            rows = self._rows(
                f"SELECT time::long, {names} FROM {quoted_name(table.name)} WHERE time >= {since} "
                f"ORDER BY time LIMIT {limit}"
            )
            if len(rows) < limit:
                break
            # The next page begins with the last time, which may continue there.
            last_ns = rows[-1][0]
            page = [row for row in rows if row[0] < last_ns]
            if page:
                yield of_rows(table.name, table.tags, page)
            else:
                limit *= 2
            since = last_ns
        yield of_rows(table.name, table.tags, rows)

    def series(self, query: Query) -> Iterator[Series]:
        """Yield the series of a query, as Store.series does."""
        self._wait_until_applied()
        yield from series_of(query, self._rows(select(query, DIALECT)))

    def edges_ns(self, query: Query) -> list[int]:
        """Return the times of the first and the last point, as Store.edges_ns does."""
        self._wait_until_applied()
        return [time_ns for row in self._rows(select_edges(query, DIALECT)) for time_ns in row if time_ns]

    def _require_form(self, table: Table) -> None:
        """Add missing columns; FintankError if a column has another type or the keys are missing."""
        found = {
            row[0]: (row[1], row[-1]) for row in self._rows(f"SHOW COLUMNS FROM {quoted_name(table.name)}")
        }
        for name, kind in table.fields.items():
            if name not in found:
                self._rows(f"ALTER TABLE {table.name} ADD COLUMN {quoted_name(name)} {TYPES[kind]}")
        wanted = {"time": ("TIMESTAMP_NS", True)} | dict.fromkeys(table.tags, ("SYMBOL", True))
        wanted |= {name: (TYPES[kind], False) for name, kind in table.fields.items() if name in found}
        for name, form in wanted.items():
            if found.get(name) != form:
                raise other_form(self._name, table.name, name)

    def _wait_until_applied(self) -> None:
        """Wait until what is written now can be read; FintankError if a table takes no more writes."""
        behind = {name: txn for name, _, txn in self._applied()}

        def is_applied() -> bool:
            return all(done >= behind.get(name, 0) for name, done, _ in self._applied())

        if not wait_until(is_applied, APPLIED_TIMEOUT_S, every=POLL_INTERVAL_S):
            raise FintankError(
                f"{self._name} has not applied what was written within {APPLIED_TIMEOUT_S} s: see its log"
            )

    def _applied(self) -> list[tuple[str, int, int]]:
        """Return each table's name, its applied and its written transactions."""
        found = []
        text = "SELECT name, suspended, writerTxn, sequencerTxn, errorMessage FROM wal_tables()"
        for name, is_suspended, applied, written, fault in self._rows(text):
            if is_suspended and name in TABLES:
                raise FintankError(
                    f"{self._name} has suspended the table {name} ({fault or 'see its log'}): free disk "
                    f"space if it is full, then run `ALTER TABLE {name} RESUME WAL` in its console"
                )
            if name in TABLES:
                found.append((name, applied, written))
        return found

    def _rows(self, statement: str) -> list[Any]:
        """Run one statement and return its rows, if it has any; none if its table does not exist."""
        with self._client.query("/exec", {"query": statement, "nm": "true"}) as response:
            answer = _json(response.read(cache_content=True))
        if response.status == 200 and "error" not in answer:
            rows = answer.get("dataset", [] if "ddl" in answer else None)
            if isinstance(rows, list):
                return rows
            raise FintankError(f"{self._name} does not answer as QuestDB does: check its address")
        if _NO_TABLE in str(answer.get("error", "")):
            return []
        raise FintankError(f"{self._name} refused a query: {self._text(response, answer)}")

    def _complaint(self, lines: str) -> str | None:
        """Post the lines; return why some were refused, None if all are stored."""
        if "\\" in lines:
            lines = _with_backslashes(lines)
        response = self._client.post("/write?precision=n", body=lines.encode())
        if response.status == 400 and _NO_TABLE in str(_json(response.data).get("message")):
            self._prepare_again()
            response = self._client.post("/write?precision=n", body=lines.encode())
        if response.status == 204:
            return None
        answer = _json(response.data)
        if (response.status == 400 and answer.get("code") == _BLAMES_LINES) or (
            response.status == 413 and "\n" in lines
        ):
            return str(answer.get("message", response.status)).removeprefix(_PREAMBLE)
        raise SinkUnavailableError(f"{self._name} answered {self._text(response, answer)}")

    def _prepare_again(self) -> None:
        """Create what is missing during a write; if that fails, the write may still succeed later."""
        try:
            self.prepare()
        except FintankError as error:
            raise SinkUnavailableError(str(error)) from error

    def _text(self, response: BaseHTTPResponse, answer: dict[str, Any]) -> str:
        error = answer.get("error") or answer.get("message") or response.data.decode(errors="replace")
        text = shown_answer(str(error)) or response.reason or "no reason"
        cure = f"; {credentials.SINK_CURE}" if response.status in DENIED else full_disk_cure(text)
        return f"{response.status}: {text}{cure}"


def _create(table: Table) -> str:
    columns = ["time TIMESTAMP_NS", *(f"{quoted_name(tag)} SYMBOL" for tag in table.tags)]
    columns += [f"{quoted_name(name)} {TYPES[kind]}" for name, kind in table.fields.items()]
    keys = ", ".join(["time", *map(quoted_name, table.tags)])
    return (
        f"CREATE TABLE IF NOT EXISTS {quoted_name(table.name)} ({', '.join(columns)}) TIMESTAMP(time) "
        f"PARTITION BY DAY WAL DEDUP UPSERT KEYS({keys})"
    )


def _with_backslashes(lines: str) -> str:
    """Double the backslashes that stand for themselves in tags, which QuestDB would drop."""
    return _TAGS.sub(lambda tags: _PLAIN_BACKSLASH.sub(r"\\\\", tags[0]), lines)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
