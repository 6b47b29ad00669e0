"""InfluxDB: writing lines, and distinguishing rejected lines from outages."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

import urllib3

from fintank.adapters import credentials
from fintank.settings import DATABASE, host_and_port

CONNECT_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 30.0
_ANSWER_CHARS_MAX = 300
_OWN_HEADER = "X-Influxdb-Version"
_OWN_ERRORS = re.compile(r"partial write: |unable to parse |.*field type conflict|invalid field format")
"""How InfluxDB begins when it blames lines, for one behind a proxy that drops its headers."""
_DROPPED = re.compile(r" dropped=([0-9]+)\Z")


class InfluxUnavailableError(Exception):
    """The lines were not taken, and it is not their fault: the same write may succeed later."""


class _Complaint(NamedTuple):
    """Why lines were refused, and how many of them, where the answer tells."""

    answer: str
    dropped: int | None


class _Answer(NamedTuple):
    """An HTTP answer, and whether its error is InfluxDB's own, not that of something before it."""

    status: int
    text: str
    is_influxdbs_own: bool

    def __str__(self) -> str:
        return f"{self.status}: {self.text[:_ANSWER_CHARS_MAX]}"


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
            headers=credentials.influx_headers(),
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=WRITE_TIMEOUT_S),
        )

    def write(self, lines: str) -> list[Refusal]:
        """Write line protocol (nanoseconds, joined by newlines); return the lines that InfluxDB refuses.

        All other lines are stored. Raises InfluxUnavailableError when that is not sure: no connection, a
        time-out, or any answer that does not blame the lines. Writing lines again changes nothing.
        """
        complaint = self._complaint(lines)
        return [] if complaint is None else list(self._refusals(lines.split("\n"), 0, complaint))

    def _refusals(self, lines: Sequence[str], first: int, complaint: _Complaint) -> Iterator[Refusal]:
        """Yield the refused ones of lines that were complained of, by halving them."""
        # The answer names some of the bad lines at best, so each is found by writing it alone in the end.
        if complaint.dropped == len(lines) or len(lines) == 1:
            for number in range(len(lines)):
                yield Refusal(first + number, complaint.answer)
            return
        middle = len(lines) // 2
        for start, part in ((first, lines[:middle]), (first + middle, lines[middle:])):
            found = self._complaint("\n".join(part))
            if found is not None:
                yield from self._refusals(part, start, found)

    def _complaint(self, lines: str) -> _Complaint | None:
        """Post the lines; return why some were refused, None when all are stored."""
        answer = self._post(lines)
        if answer.status == 404:
            self.create_database()
            answer = self._post(lines)
        if answer.status == 204:
            return None
        # A proxy may take less at once than InfluxDB does. A 400 of its own says nothing about the lines.
        if answer.status == 413 or (answer.status == 400 and answer.is_influxdbs_own):
            dropped = _DROPPED.search(answer.text)
            return _Complaint(answer.text[:_ANSWER_CHARS_MAX], int(dropped[1]) if dropped else None)
        raise InfluxUnavailableError(f"InfluxDB ({self._address}) answered {answer}")

    def create_database(self) -> None:
        """Create the database where it is missing; raise InfluxUnavailableError where InfluxDB does not."""
        query = urlencode({"q": f'CREATE DATABASE "{self._database}"'})
        answer = self._request(f"/query?{query}", b"")
        if answer.status != 200:
            raise InfluxUnavailableError(
                f"InfluxDB ({self._address}) did not create {self._database}: {answer}"
            )

    def _post(self, lines: str) -> _Answer:
        return self._request(f"/write?db={self._database}&precision=ns", lines.encode())

    def _request(self, path: str, body: bytes) -> _Answer:
        try:
            response = self._pool.request("POST", path, body=body, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise InfluxUnavailableError(f"InfluxDB ({self._address}) does not answer: {error}") from error
        return _answer(response.status, response.headers, response.data)


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> _Answer:
    text = body.decode(errors="replace").strip()
    try:
        error = json.loads(text)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):  # a proxy's answer, or none at all
        return _Answer(status, text, is_influxdbs_own=False)
    if not isinstance(error, str):
        return _Answer(status, text, is_influxdbs_own=False)
    return _Answer(status, error, _OWN_HEADER in headers or bool(_OWN_ERRORS.match(error)))
