"""Asking InfluxDB: InfluxQL in, rows out, over one kept-open connection."""

import json
import re
from typing import Any, NamedTuple

import urllib3

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.settings import DATABASE, host_and_port

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 60.0
ONCE_TAGS = {"account", "last_mkt"}
OF_ACCOUNTS = ("executions", "fills", "portfolio_component_orders", "portfolio_orders")
_HOURS = re.compile(r"([0-9]+)h([0-9]+)m([0-9]+)s")


class Retention(NamedTuple):
    """The policy by which a database keeps what is written into it; seconds is 0 if for ever."""

    policy: str
    seconds: int


class InfluxQuery:
    """Queries of one server. Not for use by several threads at once."""

    def __init__(self, address: str, database: str = DATABASE) -> None:
        """Name the server, as host:port; nothing is connected before the first query."""
        self._address = address
        self._database = database
        host, port = host_and_port(address)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=ANSWER_TIMEOUT_S)
        self._pool = urllib3.HTTPConnectionPool(
            host, port, maxsize=1, retries=False, timeout=timeout, headers=credentials.influx_headers()
        )

    def rows(self, text: str) -> list[list[Any]]:
        """Return the rows of one SELECT, each the time in nanoseconds and the selected values.

        Empty when there is no such measurement, or no database yet. FintankError when InfluxDB does not
        answer or refuses.
        """
        return [row for _, rows in self.series(text) for row in rows]

    def series(self, text: str) -> list[tuple[dict[str, str], list[list[Any]]]]:
        """Return the tags and the rows of each series of one SELECT; otherwise as `rows`."""
        fields = {"db": self._database, "epoch": "ns", "q": text}
        try:
            response = self._pool.request("GET", "/query", fields=fields)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FintankError(f"InfluxDB ({self._address}) does not answer: run `invoke up`") from error
        if response.status != 200:
            answer = response.data.decode(errors="replace").strip()
            cure = f"; {credentials.INFLUX_CURE}" if response.status in (401, 403) else ""
            raise FintankError(f"InfluxDB ({self._address}) answered {response.status}: {answer[:300]}{cure}")
        result = json.loads(response.data)["results"][0]
        if not result.get("error", "database not found").startswith("database not found"):
            raise FintankError(f"InfluxDB ({self._address}) refused: {result['error']}")
        return [(found.get("tags", {}), found["values"]) for found in result.get("series", [])]

    def require_own_points(self) -> None:
        """Raise FintankError when points of an earlier version are there, with what is a field now as a tag.

        Where a name is both, InfluxQL reads one of the two and says nothing of the other.
        """
        tags = {name: {tag for (tag,) in self.rows(f"SHOW TAG KEYS FROM {name}")} for name in OF_ACCOUNTS}
        old = [name for name, found in tags.items() if found & ONCE_TAGS]
        if old:
            dropped = "; ".join(f"DROP MEASUREMENT {name}" for name in old)
            raise FintankError(
                f"InfluxDB ({self._address}) holds points of an earlier version, with other tags: "
                f"run `invoke reset`, or in its database {self._database}: {dropped}"
            )

    def retention(self) -> Retention:
        """Return how long points are kept; for ever, too, where the database is not there yet."""
        for policy, duration, _, _, is_default in self.rows(f'SHOW RETENTION POLICIES ON "{self._database}"'):
            found = _HOURS.fullmatch(duration)
            if is_default and found:
                hours, minutes, seconds = map(int, found.groups())
                return Retention(policy, 3600 * hours + 60 * minutes + seconds)
        return Retention("", 0)

    def count(self, field: str, measurement: str, where: str) -> int:
        """Count the points of a measurement that have a field."""
        rows = self.rows(f"SELECT count({field}) FROM {measurement} WHERE {where}")
        return int(rows[0][1]) if rows else 0
