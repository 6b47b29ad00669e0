"""TCP ports: who accepts connections, and whether one is free on this machine."""

import contextlib
import socket

from fintank.settings import host_and_port

CONNECT_TIMEOUT_S = 3.0


def listens(address: str) -> bool:
    """Whether anything accepts connections at host:port, or at one of several joined by commas."""
    for one in address.split(","):
        with contextlib.suppress(OSError):
            socket.create_connection(host_and_port(one), timeout=CONNECT_TIMEOUT_S).close()
            return True
    return False


def is_free(port: int) -> bool:
    """Whether a service can listen on `port` of 127.0.0.1."""
    with socket.socket() as probe:
        # As the services do, so that a predecessor's connections in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
