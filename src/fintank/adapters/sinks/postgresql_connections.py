"""Connections to PostgreSQL that stay open, and that are cut when the server hangs."""

import os
import select
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from fintank.adapters import credentials
from fintank.errors import missing_package
from fintank.settings import host_and_port
from fintank.sink_url import SinkUrl

try:
    import psycopg
    from psycopg.types.numeric import FloatLoader
except ImportError:  # pragma: no cover
    raise missing_package("PostgreSQL") from None

__all__ = ["USER", "Connections", "limit", "psycopg"]

USER = "postgres"
CONNECT_TIMEOUT_S = 2
WRITE_TIMEOUT_S = 30
QUERY_TIMEOUT_S = 60


class Connections:
    """One connection for writes and those for queries. All methods raise psycopg.Error. Not thread-safe."""

    def __init__(self, url: SinkUrl) -> None:
        """Name the server and the database; nothing is connected before the first use."""
        self._database = url.database
        self._address = host_and_port(url.address)
        self._user, self._password = credentials.sink_login(url)
        self._writer: psycopg.Connection[Any] | None = None
        self._idle_readers: list[psycopg.Connection[Any]] = []

    @contextmanager
    def writing(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield the connection for writes; each statement is a transaction."""
        if self._writer is None or self._writer.closed:
            self._writer = self._kept_open()
        with limit(self._writer, WRITE_TIMEOUT_S):
            yield self._writer

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield the connection for writes, in a transaction."""
        with self.writing() as connection, connection.transaction():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection that no other query uses, in a transaction."""
        # A new connection for each query would be slow: each is a new process of the server.
        connection = self._idle_reader() or self._kept_open()
        try:
            with connection.transaction():
                yield connection
        finally:
            if not connection.closed:
                self._idle_readers.append(connection)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Return a new connection, which the caller closes."""
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
            autocommit=True,
        )
        connection.adapters.register_loader("numeric", FloatLoader)
        return connection

    def _kept_open(self) -> psycopg.Connection[Any]:
        connection = self.connect(self._database)
        weakref.finalize(self, connection.close)
        return connection

    def _idle_reader(self) -> psycopg.Connection[Any] | None:
        while self._idle_readers:
            connection = self._idle_readers.pop()
            # The only thing that a server says unasked is that it ends.
            if not select.select([connection], [], [], 0)[0]:
                return connection
            connection.close()
        return None


@contextmanager
def limit(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
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
