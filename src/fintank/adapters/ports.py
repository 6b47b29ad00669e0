"""TCP ports of this machine: who answers on one, who holds one, which are free."""

import contextlib
import random
import socket

import psutil

from fintank.settings import host_and_port

CONNECT_TIMEOUT_S = 1.0
# Below the range from which Linux takes ports for outgoing connections.
FREE_PORTS = range(20_000, 32_000)


def listens(address: str) -> bool:
    """Say whether anything accepts connections at host:port, or at one of several joined by commas."""
    for one in address.split(","):
        with contextlib.suppress(OSError):
            socket.create_connection(host_and_port(one), timeout=CONNECT_TIMEOUT_S).close()
            return True
    return False


def is_free(port: int) -> bool:
    """Say whether a service can listen on `port` of 127.0.0.1."""
    with socket.socket() as probe:
        # As the services do: connections of a predecessor that are not yet forgotten don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Name the process that listens on `port`, as in `java (pid 4711)`."""
    pid = holder_pid(port)
    if pid is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            return f"{psutil.Process(pid).name()} (pid {pid})"
    return "a process of another user"


def holder_pid(port: int) -> int | None:
    """Find the process that listens on `port`; None where the system does not tell."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    listening = (
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    )
    return next((pid for pid in listening if pid is not None), None)


def free_neighbours(count: int) -> int:
    """Find `count` free ports in a row and return the first; the place is random, for runs side by side."""
    for _ in range(1000):
        first = random.choice(FREE_PORTS[:-count])
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row within {FREE_PORTS}")
