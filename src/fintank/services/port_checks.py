"""Whether services can listen at their addresses here, and which process holds a port in use."""

import contextlib
from collections.abc import Sequence

import psutil

from fintank.adapters import ports
from fintank.errors import FintankError
from fintank.services.supervisor import Service
from fintank.settings import host_and_port

LOCAL_HOSTS = ("localhost", "127.0.0.1")
PORT_MAX = 65_535


def require_local(services: Sequence[Service]) -> None:
    """Raise FintankError for a service whose address is on another machine."""
    for service in services:
        host = host_and_port(service.address)[0]
        if host not in LOCAL_HOSTS:
            raise FintankError(
                f"{service.name} is set to be at {service.address}: only services on this machine can be "
                f"started here; unset FINTANK_HOST and {service.variable}, or start it there."
            )


def require_own_ports(services: Sequence[Service]) -> None:
    """Raise FintankError if two services would share a port, or a port is too high."""
    owners: dict[int, Service] = {}
    for service in services:
        for port in service.ports:
            if port > PORT_MAX:
                raise FintankError(
                    f"{service.name} would need the port {port}, and {PORT_MAX} is the last: choose a lower "
                    f"one with {service.variable}"
                )
            if port in owners:
                raise FintankError(
                    f"{service.name} and {owners[port].name} would both need the port {port}: choose another "
                    f"with {service.variable}"
                )
            owners[port] = service


def require_free_ports(services: Sequence[Service]) -> None:
    """Raise FintankError for a port in use, with the process that holds it."""
    for service in services:
        for port in service.ports:
            if not ports.is_free(port):
                raise FintankError(
                    f"Port {port} of {service.name} is in use by {holder(port)}: stop it, or choose "
                    f"another with {service.variable}, such as {port + 1000}."
                )


def holder(port: int) -> str:
    """Return the process that listens on `port`, as in `java (pid 4711)`; the system may hide it."""
    pid = holder_pid(port)
    if pid is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            return f"{psutil.Process(pid).name()} (pid {pid})"
    return "a process that is just ending (then try again) or belongs to another user"


def holder_pid(port: int) -> int | None:
    """Return the pid of the process that listens on `port`; None if the system hides it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    listening = (each for each in connections if each.status == psutil.CONN_LISTEN)
    return next((int(each.pid) for each in listening if each.laddr.port == port and each.pid), None)
