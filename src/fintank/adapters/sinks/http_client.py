"""Requests to the databases with an HTTP interface."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3

from fintank.adapters import tls_faults
from fintank.adapters.sinks import CA_VARIABLE, SinkUnavailableError
from fintank.errors import FintankError
from fintank.settings import host_and_port
from fintank.sink_url import SinkUrl

CONNECT_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 30.0
QUERY_TIMEOUT_S = 60.0
PING_TIMEOUT_S = 2.0
DENIED = (401, 403)


class HttpClient:
    """Requests to one server, over one kept-open connection. Not thread-safe."""

    def __init__(self, url: SinkUrl, login: tuple[str, str]) -> None:
        """Name the server and, unless both are empty, a user and a password or token."""
        self._name = url.shown
        host, port = host_and_port(url.address)
        kind = urllib3.HTTPSConnectionPool if url.scheme.endswith("s") else urllib3.HTTPConnectionPool
        self._pool = kind(host, port, maxsize=1, retries=False, headers=_headers(login))

    def answers(self) -> bool:
        """Return whether /ping is answered, even by asking for a login: the next request reports that."""
        try:
            return self._pool.request("GET", "/ping", timeout=PING_TIMEOUT_S).status in (200, 204, *DENIED)
        except (urllib3.exceptions.HTTPError, OSError):
            return False

    def post(self, path: str, **content: Any) -> urllib3.BaseHTTPResponse:
        """Post a write or a change; SinkUnavailableError without an answer."""
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=WRITE_TIMEOUT_S)
        try:
            return self._pool.request("POST", path, redirect=False, timeout=timeout, **content)
        except urllib3.exceptions.SSLError as error:
            raise SinkUnavailableError(self._tls_fault(error)) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SinkUnavailableError(f"{self._name} does not answer: {error}") from error

    @contextmanager
    def query(self, path: str, fields: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a query and yield its answer, not yet read; FintankError if the server is or goes away."""
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=QUERY_TIMEOUT_S)
        try:
            response = self._pool.request(
                "GET", path, fields=dict(fields), timeout=timeout, preload_content=False
            )
            try:
                yield response
            finally:
                response.close()
        except urllib3.exceptions.SSLError as error:
            raise FintankError(self._tls_fault(error)) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FintankError(f"{self._name} does not answer: run `invoke up`") from error

    def _tls_fault(self, error: urllib3.exceptions.SSLError) -> str:
        return tls_faults.fault(self._name, error.args[0], CA_VARIABLE)


def _headers(login: tuple[str, str]) -> dict[str, str]:
    if not any(login):
        return {}
    return {"authorization": f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"}
