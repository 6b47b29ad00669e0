"""PostgreSQL: lines are copied into a temporary table and moved from there, queries are SQL."""

import os
import socket
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from fintank.adapters import credentials
from fintank.adapters.sinks import Refusal, Retention, Series, SinkUnavailableError
from fintank.adapters.sinks import postgresql_tables as form
from fintank.adapters.sinks.copy_rows import rows_by_table
from fintank.adapters.sinks.query import Query
from fintank.adapters.sinks.refusing import ANSWER_CHARS_MAX, refusals
from fintank.adapters.sinks.sql import quoted_name, quoted_names, select, select_edges, series_of
from fintank.errors import FintankError
from fintank.settings import host_and_port
from fintank.sink_url import SinkUrl
from fintank.wire.points.point_tables import TABLES, Table
from fintank.wire.points.point_values import Measurement, Point, of_rows

try:
    import psycopg
    from psycopg import errors
    from psycopg.types.numeric import FloatLoader
except ImportError:  # pragma: no cover
    raise FintankError(
        "PostgreSQL needs a package: .venv/bin/pip install --requirement requirements-extra.txt"
    ) from None

USER = "postgres"
CONNECT_TIMEOUT_S = 2
WRITE_TIMEOUT_S = 30
QUERY_TIMEOUT_S = 60
PAGE_ROWS = 20_000
_BLAMES_LINES = (errors.DataError, errors.IntegrityError, errors.ProgramLimitExceeded)


class PostgreSQL:
    """A client of one database, over one kept-open connection; a Sink and a Store. Not thread-safe."""

    def __init__(self, url: SinkUrl) -> None:
        """Name the server and the database; nothing is connected before the first request."""
        self._name = url.shown
        self._database = url.database
        self._address = host_and_port(url.address)
        self._user, self._password = credentials.sink_login(url)
        self._kept: psycopg.Connection[Any] | None = None
        self._partition_day = 0

    def answers(self) -> bool:
        """Return whether a PostgreSQL answers, with or without our database."""
        try:
            self._connect("postgres").close()
        except psycopg.Error:
            return False
        return True

    def prepare(self) -> list[str]:
        """Create the database, the tables and the columns that are missing; FintankError if it can't."""
        try:
            self._create_database()
            with self._transaction() as connection:
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
        yield from series_of(query, self._rows(select(query, form.DIALECT)))

    def edges_ns(self, query: Query) -> list[int]:
        """Return the times of the first and the last point, as Store.edges_ns does."""
        rows = self._rows(select_edges(query, form.DIALECT))
        return [time_ns for row in rows for time_ns in row if time_ns]

    def execute(self, statement: str) -> None:
        """Run one statement that changes something; FintankError if PostgreSQL refuses it."""
        try:
            with self._transaction() as connection:
                connection.execute(statement)
        except psycopg.Error as error:
            raise SinkUnavailableError(self._reason(error)) from error

    def _create_database(self) -> None:
        try:
            with self._transaction():
                return
        except psycopg.Error as error:
            if not _is_missing(error):
                raise
        with self._connect("postgres") as connection:
            connection.autocommit = True
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [self._database])
            if not found.rowcount:
                with suppress(errors.DuplicateDatabase):
                    connection.execute(f"CREATE DATABASE {quoted_name(self._database)}")

    def _require_form(self, connection: "psycopg.Connection[Any]", table: Table) -> None:
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
                raise FintankError(
                    f"{self._name} has a table {table.name} of another form (its column {name}): rename or "
                    f"drop it there, as in `DROP TABLE {table.name}`, and `invoke rebuild` fills a new one"
                )

    def _create_partitions(self) -> None:
        """Create the partitions of today and tomorrow."""
        self._partition_day = int(time.time()) // form.SECONDS_A_DAY
        for day in (self._partition_day, self._partition_day + 1):
            # Where its ticks are in the partition of all other days, they stay there.
            with suppress(errors.IntegrityError), self._transaction() as connection:
                connection.execute(form.create_partition(day))

    def _complaint(self, lines: str) -> str | None:
        """Write the lines in one transaction; return why some were refused, None if all are stored."""
        try:
            rows = rows_by_table(lines)
        except ValueError as error:
            return str(error)
        try:
            try:
                self._merge(rows, has_twins=False)
            except errors.CardinalityViolation:
                self._merge(rows, has_twins=True)
            except psycopg.Error as error:
                if not _is_missing(error):
                    raise
                self.prepare()
                self._merge(rows, has_twins=True)
        except _BLAMES_LINES as error:
            return " ".join(str(error).split())
        except psycopg.Error as error:
            raise SinkUnavailableError(self._reason(error)) from error
        return None

    def _merge(self, rows: dict[str, str], has_twins: bool) -> None:
        if self._partition_day and self._partition_day != int(time.time()) // form.SECONDS_A_DAY:
            self._create_partitions()
        with self._transaction() as connection:
            for name, text in rows.items():
                table = TABLES[name]
                connection.execute(form.create_incoming(table))
                names = quoted_names(form.columns(table))
                into = f"COPY {form.incoming(table)} ({names}) FROM STDIN (NULL '')"
                with connection.cursor() as cursor, cursor.copy(into) as copy:
                    copy.write(text)
                connection.execute(form.merge(table, has_twins))

    def _rows(self, text: str) -> list[tuple[Any, ...]]:
        return [row for page in self._pages(text) for row in page]

    def _pages(self, text: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query in parts; none without its table or database."""
        try:
            # A connection of its own, because the reader may start another query meanwhile.
            with self._connect(self._database) as connection, connection.cursor(name="rows") as cursor:
                with _limit(connection, QUERY_TIMEOUT_S):
                    cursor.execute(text)
                while rows := _fetched(connection, cursor):
                    yield rows
        except psycopg.Error as error:
            if not _is_missing(error):
                raise FintankError(self._reason(error)) from error

    @contextmanager
    def _transaction(self) -> Iterator["psycopg.Connection[Any]"]:
        """Yield the kept-open connection in a transaction."""
        if self._kept is None or self._kept.closed:
            self._kept = self._connect(self._database)
            weakref.finalize(self, self._kept.close)
        with _limit(self._kept, WRITE_TIMEOUT_S), self._kept.transaction():
            yield self._kept

    def _connect(self, database: str) -> "psycopg.Connection[Any]":
        host, port = self._address
        connection = psycopg.connect(
            host=host,
            port=port,
            dbname=database,
            user=self._user or USER,
            password=self._password or None,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="fintank",
            options="-c timezone=UTC -c client_min_messages=warning",
        )
        connection.adapters.register_loader("numeric", FloatLoader)
        return connection

    def _reason(self, error: "psycopg.Error") -> str:
        """Say in one line what went wrong, with its cure."""
        text = " ".join(str(error).split())[:ANSWER_CHARS_MAX]
        if "authentication" in text or isinstance(error, errors.InsufficientPrivilege):
            return f"{self._name} refused: {text}; {credentials.SINK_CURE}"
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            return f"{self._name} does not answer: run `invoke up` ({text})"
        return f"{self._name} refused: {text}"


@contextmanager
def _limit(connection: "psycopg.Connection[Any]", seconds: float) -> Iterator[None]:
    """Cut the connection if the block takes longer.

    A stopped server acknowledges packets and never answers: only the end of its socket ends the wait.
    """
    cut = Timer(seconds, _shut_down, [connection.fileno()])
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()


def _shut_down(fileno: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(fileno)) as own:
        own.shutdown(socket.SHUT_RDWR)


def _fetched(connection: "psycopg.Connection[Any]", cursor: Any) -> list[tuple[Any, ...]]:
    with _limit(connection, QUERY_TIMEOUT_S):
        rows: list[tuple[Any, ...]] = cursor.fetchmany(PAGE_ROWS)
        return rows


def _is_missing(error: "psycopg.Error") -> bool:
    """Whether a table or the database does not exist; connecting has no codes of errors."""
    return isinstance(error, errors.UndefinedTable) or (
        error.sqlstate is None and 'database "' in str(error) and "does not exist" in str(error)
    )
