"""PostgreSQL: new points are copied into their table, known ones are merged into it, queries are SQL."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from fintank.adapters import credentials
from fintank.adapters.sinks import Refusal, Retention, Series, SinkUnavailableError, full_disk_cure
from fintank.adapters.sinks import postgresql_connections as connections
from fintank.adapters.sinks import postgresql_tables as form
from fintank.adapters.sinks.copy_rows import Rows, rows_by_table
from fintank.adapters.sinks.postgresql_connections import Connections, psycopg
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.refusing import ANSWER_CHARS_MAX, refusals
from fintank.adapters.sinks.sql import other_form, quoted_name, quoted_names, select, select_edges, series_of
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl
from fintank.wire.points.point_tables import TABLES, Table
from fintank.wire.points.point_values import Measurement, Point, of_rows

PAGE_ROWS = 20_000
errors = psycopg.errors
_DENIED = re.compile(
    r"authentication|no password supplied|role .* does not exist|pg_hba\.conf|permission denied"
)
_BLAMES_LINES = (errors.DataError, errors.IntegrityError, errors.ProgramLimitExceeded)


class PostgreSQL:
    """A client of one database, over connections that stay open; a Sink and a Store. Not thread-safe."""

    def __init__(self, url: SinkUrl) -> None:
        """Name the server and the database; nothing is connected before the first request."""
        self._name = url.shown
        self._database = url.database
        self._connections = Connections(url)
        self._partition_day = 0

    def answers(self) -> bool:
        """Return whether a PostgreSQL answers, also without our database, or that it wants a login."""
        try:
            self._connections.connect("postgres").close()
        except psycopg.Error as error:
            return _is_missing(error) or _is_denied(error)
        return True

    def prepare(self) -> list[str]:
        """Create the database, the tables and the columns that are missing; FintankError if it can't."""
        try:
            self._create_database()
            with self._connections.transaction() as connection:
                for table in TABLES.values():
                    for statement in form.create(table):
                        connection.execute(statement)
                    self._require_form(connection, table)
            self._create_partitions()
        except psycopg.Error as error:
            raise SinkUnavailableError(self._reason(error)) from error
        return []

    def write(self, lines: str) -> list[Refusal]:
        """Write lines as Sink.write does; missing tables are created."""
        return refusals(lines, self._complaint)

    def require_own_points(self) -> None:
        """Do nothing: all points are of this version, as `prepare` sees to it."""

    def retention(self) -> Retention:
        """Return that points are kept forever."""
        return Retention(0)

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points from since_ns on (default: all), ordered by time."""
        table = TABLES[measurement.name]
        names = quoted_names((*table.tags, *measurement.fields))
        where = "" if since_ns is None else f" WHERE {form.DIALECT.compared('>=', since_ns)}"
        order = ", ".join(form.DIALECT.order)
        text = f"SELECT {form.DIALECT.time_ns}, {names} FROM {table.name}{where} ORDER BY {order}"
        for rows in self._pages(text):
            yield of_rows(table.name, table.tags, rows)

    def series(self, query: Query) -> Iterator[Series]:
        """Yield the series of a query, as Store.series does."""
        pages = self._pages(select(query, form.DIALECT))
        yield from series_of(query, chain.from_iterable(pages))

    def edges_ns(self, query: Query) -> list[int]:
        """Return the times of the first and the last point, as Store.edges_ns does."""
        rows = self._rows(select_edges(query, form.DIALECT))
        return [time_ns for row in rows for time_ns in row if time_ns]

    def execute(self, statement: str) -> None:
        """Run one statement that changes something; FintankError if PostgreSQL refuses it."""
        try:
            with self._connections.transaction() as connection:
                connection.execute(statement)
        except psycopg.Error as error:
            raise SinkUnavailableError(self._reason(error)) from error

    def _create_database(self) -> None:
        try:
            with self._connections.transaction():
                return
        except psycopg.Error as error:
            if not _is_missing(error):
                raise
        with self._connections.connect("postgres") as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [self._database])
            if not found.rowcount:
                with suppress(errors.DuplicateDatabase):
                    connection.execute(f"CREATE DATABASE {quoted_name(self._database)}")

    def _require_form(self, connection: psycopg.Connection[Any], table: Table) -> None:
        """Add missing columns; FintankError if a column has another type or the keys are missing."""
        found = {
            name: (kind, is_key)
            for name, kind, is_key in connection.execute(form.FORM_QUERY, [table.name]).fetchall()
        }
        for name, kind in form.form(table).items():
            is_key = name in form.keys(table)
            if name not in found and not is_key:
                connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {quoted_name(name)} {kind}")
            elif found.get(name) != (kind, is_key):
                raise other_form(self._name, table.name, name)

    def _create_partitions(self) -> None:
        """Create the partitions of today and tomorrow."""
        self._partition_day = int(time.time()) // form.SECONDS_A_DAY
        for day in (self._partition_day, self._partition_day + 1):
            # Where its ticks are in the partition of all other days, they stay there.
            with suppress(errors.IntegrityError), self._connections.transaction() as connection:
                connection.execute(form.create_partition(day))

    def _complaint(self, lines: str) -> str | None:
        """Write the lines; return why some were refused, None if all are stored."""
        try:
            batch = rows_by_table(lines)
        except ValueError as error:
            return str(error)
        try:
            try:
                self._store(batch)
            except psycopg.Error as error:
                if not _is_missing(error):
                    raise
                self.prepare()
                self._store(batch)
        except _BLAMES_LINES as error:
            return " ".join(str(error).split())
        except psycopg.Error as error:
            raise SinkUnavailableError(self._reason(error)) from error
        return None

    def _store(self, batch: list[Rows]) -> None:
        if self._partition_day and self._partition_day != int(time.time()) // form.SECONDS_A_DAY:
            self._create_partitions()
        for rows in batch:
            # Points are new but for replays, and COPY of new rows costs half of a merge.
            try:
                with self._connections.writing() as connection:
                    _copy(connection, rows.table, rows)
            except errors.UniqueViolation:
                self._merge(rows)

    def _merge(self, rows: Rows) -> None:
        table = TABLES[rows.table]
        with self._connections.transaction() as connection:
            connection.execute(form.create_incoming(table))
            _copy(connection, form.incoming(table), rows)
            connection.execute(form.merge(table))

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        return [row for page in self._pages(text) for row in page]

    def _pages(self, text: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query in parts; none without its table or database."""
        try:
            with self._connections.reading() as connection, connection.cursor(name="rows") as cursor:
                with connections.limit(connection, connections.QUERY_TIMEOUT_S):
                    cursor.execute(text)
                while rows := _fetched(connection, cursor):
                    yield rows
        except psycopg.Error as error:
            if not _is_missing(error):
                raise FintankError(self._reason(error)) from error

    def _reason(self, error: psycopg.Error) -> str:
        """Say in one line what went wrong, with its cure."""
        text = " ".join(str(error).split())[:ANSWER_CHARS_MAX]
        if _is_denied(error):
            return f"{self._name} refused: {text}; {credentials.SINK_CURE}"
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            return f"{self._name} does not answer: run `invoke up` ({text})"
        return f"{self._name} refused: {text}{full_disk_cure(text)}"


def _copy(connection: psycopg.Connection[Any], name: str, rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(form.copy(name, rows.columns)) as copy:
        copy.write(rows.text)


def _fetched(connection: psycopg.Connection[Any], cursor: Any) -> list[tuple[Any, ...]]:
    with connections.limit(connection, connections.QUERY_TIMEOUT_S):
        rows: list[tuple[Any, ...]] = cursor.fetchmany(PAGE_ROWS)
        return rows


def _is_denied(error: psycopg.Error) -> bool:
    """Whether the login is refused, or its user may not do this; an error of connecting has no code."""
    return isinstance(error, errors.InsufficientPrivilege) or bool(_DENIED.search(str(error)))


def _is_missing(error: psycopg.Error) -> bool:
    """Whether a table or the database does not exist; an error of connecting has no code."""
    return isinstance(error, errors.UndefinedTable) or (
        error.sqlstate is None and 'database "' in str(error) and "does not exist" in str(error)
    )
