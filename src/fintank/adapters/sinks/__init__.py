"""The databases that points are written to and read from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, Protocol, runtime_checkable

from fintank.adapters import tls_faults
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.sink_url import TITLES, SinkUrl
from fintank.wire.points.point_values import Measurement, Point

Series = tuple[dict[str, str], list[list[Any]]]
"""Tags and rows; a row is the time in nanoseconds and the selected values."""


CA_VARIABLE = "SSL_CERT_FILE"
"""What names the CA of a database with https, for all of Python's clients."""


class SinkUnavailableError(FintankError):
    """The write failed, and the lines are not to blame: the same write may succeed later."""


@dataclass(frozen=True)
class Refusal:
    """A line that the database refuses: its number in the batch, from 0, and the database's reason."""

    line_number: int
    answer: str


class Retention(NamedTuple):
    """How long points are kept, by their time; 0 seconds is forever. `cure` is what makes it forever."""

    seconds: int
    cure: str = ""


class Sink(Protocol):
    """Writes points to one database. Not thread-safe; nothing is connected before the first call."""

    def answers(self) -> bool:
        """Return whether the database answers; never raises."""

    def prepare(self) -> list[str]:
        """Create what is missing and return warnings; FintankError if what is there can't be used."""

    def write(self, lines: str) -> list[Refusal]:
        """Write line protocol (nanoseconds, joined by newlines); return the lines that are refused.

        All other lines are stored. Raises SinkUnavailableError when that is uncertain. Writes are idempotent:
        a point replaces one of equal measurement, tags and time.
        """


@runtime_checkable
class Store(Protocol):
    """Reads points back. All methods raise FintankError if the database does not answer or refuses."""

    def require_own_points(self) -> None:
        """Raise FintankError if the points were written by another version and can't be read."""

    def retention(self) -> Retention:
        """Return how long points are kept."""

    def points(self, measurement: Measurement, since_ns: int | None = None) -> Iterator[list[Point]]:
        """Yield the points from since_ns on (default: all), in bounded memory."""

    def series(self, query: Query) -> Iterator[Series]:
        """Yield the series of a query; one of many rows may come in several parts."""

    def edges_ns(self, query: Query) -> list[int]:
        """Return the times of the first and the last point with the query's field; empty without any."""


def rows(store: Store, query: Query) -> Iterator[list[Any]]:
    """Yield the rows of a query whose tags don't matter."""
    for _, found in store.series(query):
        yield from found


def count(store: Store, query: Query) -> int:
    """Return what a query for a count has counted."""
    return sum(int(row[1] or 0) for row in rows(store, query))


def open_sink(url: SinkUrl) -> Sink:
    """Return the writer of a database."""
    sink: Sink = _open(url)
    return sink


def open_store(url: SinkUrl) -> Store:
    """Return the reader of a database; FintankError if it can only be written to."""
    store = _open(url)
    if not isinstance(store, Store):
        raise FintankError(f"{url.shown} can only be written to: there is no reader for it")
    return store


def _open(url: SinkUrl) -> Any:
    """Make the client of a database: a Sink and, to be read from, a Store."""
    name = TITLES[url.scheme]
    # Imported here: a bolt needs one of them only.
    return getattr(import_module(f"fintank.adapters.sinks.{name.lower()}"), name)(url)


def full_disk_cure(text: str) -> str:
    """Return what to append to an error that reports a full disk; empty for any other."""
    return "; free disk space there" if re.search("no space left|errno=28", text, re.IGNORECASE) else ""


def no_answer(url: SinkUrl) -> FintankError:
    """Return the error for a database that does not answer, or with whose TLS something is wrong."""
    fault = None
    if url.scheme == "influxdbs":
        fault = tls_faults.handshake_fault(url.shown, url.address, "", CA_VARIABLE)
    elif url.scheme == "influxdb" and tls_faults.speaks_tls(url.address):
        fault = f"{url.shown} speaks https: write influxdbs:// in FINTANK_SINK"
    return FintankError(fault or f"{url.shown} does not answer: run `invoke up`")
