"""InfluxDB: writing lines, and telling lines it refuses from times when it is not there."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3

from fintank.adapters import accounts
from fintank.settings import DATABASE, host_and_port

CONNECT_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 30.0
_ANSWER_CHARS_MAX = 300


class InfluxUnavailableError(Exception):
    """The lines were not taken, and it is not their fault: the same write may succeed later."""


@dataclass(frozen=True)
class Refusal:
    """A line that InfluxDB does not take: its number in the batch, from 0, and InfluxDB's reason."""

    line_number: int
    answer: str


class InfluxWriter:
    """Writes batches over one kept-open connection; the database is made when it is missing."""

    def __init__(self, address: str, database: str = DATABASE) -> None:
        """Name the server, as host:port; nothing is connected before the first write."""
        self._address = address
        self._database = database
        host, port = host_and_port(address)
        self._pool = urllib3.HTTPConnectionPool(
            host,
            port,
            maxsize=1,
            retries=False,
            headers=accounts.influx_headers(),
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=WRITE_TIMEOUT_S),
        )

    def write(self, lines: str) -> list[Refusal]:
        """Write line protocol (nanoseconds, joined by newlines); return the lines that InfluxDB refuses.

        All other lines are stored. Raises InfluxUnavailableError when that is not sure: no connection, a
        time-out, or any answer that does not blame the lines. Writing lines again changes nothing.
        """
        if self._answer(lines) is None:
            return []
        return list(self._refusals(lines.split("\n"), 0))

    def _refusals(self, lines: Sequence[str], first: int) -> Iterator[Refusal]:
        """Yield the refused ones of lines of which at least one is refused, by halving them."""
        # The answer names some of the bad lines at best, so each is found by writing it alone in the end.
        middle = len(lines) // 2
        for start, part in ((first, lines[:middle]), (first + middle, lines[middle:])):
            answer = self._answer("\n".join(part)) if part else None
            if answer is not None and len(part) == 1:
                yield Refusal(start, answer)
            elif answer is not None:
                yield from self._refusals(part, start)

    def _answer(self, lines: str) -> str | None:
        """Post the lines; return why some were refused, None when all are stored."""
        status, text = self._post(lines)
        if status == 404:
            self.create_database()
            status, text = self._post(lines)
        if status == 400:
            return text
        if status != 204:
            raise InfluxUnavailableError(f"InfluxDB ({self._address}) answered {status}: {text}")
        return None

    def create_database(self) -> None:
        """Create the database where it is missing; raise InfluxUnavailableError where InfluxDB does not."""
        query = urlencode({"q": f'CREATE DATABASE "{self._database}"'})
        status, text = self._request(f"/query?{query}", b"")
        if status != 200:
            raise InfluxUnavailableError(
                f"InfluxDB ({self._address}) did not create {self._database}: {status} {text}"
            )

    def _post(self, lines: str) -> tuple[int, str]:
        return self._request(f"/write?db={self._database}&precision=ns", lines.encode())

    def _request(self, path: str, body: bytes) -> tuple[int, str]:
        try:
            response = self._pool.request("POST", path, body=body, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise InfluxUnavailableError(f"InfluxDB ({self._address}) does not answer: {error}") from error
        return response.status, _error_text(response.data)


def _error_text(body: bytes) -> str:
    text = body.decode(errors="replace").strip()
    with contextlib.suppress(ValueError, TypeError, KeyError):  # a proxy's answer, or none at all
        text = str(json.loads(text)["error"])
    return text[:_ANSWER_CHARS_MAX]
