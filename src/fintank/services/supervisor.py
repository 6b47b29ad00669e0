"""supervisord and the services it runs: configuration, start, and XML-RPC over a unix socket."""

import configparser
import os
import shlex
import sys
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from fintank.errors import FintankError
from fintank.services import programs, state_file
from fintank.services.templates import fill

# The path of a unix socket has at most 107 bytes, and a home may be longer: so supervisord, whose working
# directory is the home, and its clients reach the socket through /proc.
SOCKET = "run/supervisord.sock"
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 60


@dataclass(frozen=True)
class Service:
    """One process that `invoke up` starts under supervisord.

    `address` is the host:port for clients, `variable` the environment variable that sets it, `ports` all TCP
    ports it listens on, `files` its configuration files and their text. `prepare` runs before every start,
    after the files are written; `answers` is whether it serves clients now, and never raises. `finish` runs
    after every `invoke up` that started something, once all services answer. `stop_signal` ends it. One that
    ends within `start_seconds` of its start four times in a row is given up; else it is started again.
    """

    name: str
    address: str
    variable: str
    ports: tuple[int, ...]
    command: tuple[str, ...]
    files: Mapping[Path, str]
    log: Path
    answers: Callable[[], bool]
    prepare: Callable[[], object] = lambda: None
    finish: Callable[[], object] = lambda: None
    stop_signal: str = "TERM"
    start_seconds: int = 1


class Supervisor:
    """The supervisord of one home. It must be up for all methods but `is_up`, `states` and `start`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.configuration = home / "run" / "supervisord.conf"
        self.log = home / "logs" / "supervisord.log"

    def is_up(self) -> bool:
        """Whether supervisord answers."""
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def start(self, services: Sequence[Service]) -> None:
        """Start supervisord in the background, without any service."""
        state_file.write(self.configuration, self.configuration_text(services))
        # -P keeps the working directory off the module path.
        command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(self.configuration)]
        failure = f"supervisord did not start; its log is {self.log}"
        programs.run(command, START_TIMEOUT_S, failure, folder=self.home)

    def remove_socket(self) -> None:
        """Delete the socket that a stopped or killed supervisord leaves behind."""
        (self.home / SOCKET).unlink(missing_ok=True)

    def configuration_text(self, services: Sequence[Service]) -> str:
        """Return the configuration of supervisord and its programs."""
        text = fill(
            "supervisord.conf",
            home=_escaped(self.home),
            log=_escaped(self.log),
            pid_file=_escaped(self.home / "run" / "supervisord.pid"),
            socket=f"/proc/self/cwd/{SOCKET}",
        )
        for service in services:
            command = _escaped(shlex.join(service.command))
            text += fill(
                "program.conf",
                name=service.name,
                command=command,
                log=_escaped(service.log),
                stop_signal=service.stop_signal,
                start_seconds=service.start_seconds,
            )
        return text

    def commands(self) -> list[list[str]]:
        """Return the commands of the services that the last supervisord of this home knew."""
        parser = configparser.RawConfigParser()
        with suppress(configparser.Error, UnicodeDecodeError):  # of a damaged file
            parser.read(self.configuration, "utf-8")
        # Of a home that was copied, they are those of the original.
        if parser.get("supervisord", "directory", fallback="") != _escaped(self.home):
            return []
        services = [parser[name] for name in parser.sections() if name.startswith("program:")]
        return [shlex.split(service["command"].replace("%%", "%")) for service in services]

    def states(self) -> dict[str, dict[str, Any]]:
        """Return supervisord's process info by service name; empty if supervisord is not up."""
        try:
            return {info["name"]: info for info in self._call("getAllProcessInfo")}
        except OSError:
            return {}

    def start_service(self, name: str) -> None:
        """Start one service without waiting for it, unless supervisord has just restarted it itself."""
        self._call("startProcess", name, False, unless=Faults.ALREADY_STARTED)

    def stop_service(self, name: str) -> None:
        """Stop one service, and wait until its process is gone, unless supervisord has just given it up."""
        self._call("stopProcess", name, unless=Faults.NOT_RUNNING)

    def stop(self) -> None:
        """Stop the services and supervisord, and wait until their processes are gone."""
        processes = []
        for pid in [self._call("getPID"), *(info["pid"] for info in self.states().values() if info["pid"])]:
            with suppress(psutil.NoSuchProcess):
                processes.append(psutil.Process(pid))
        self._call("stopAllProcesses")  # at once: shutdown alone would stop one after the other
        self._call("shutdown")
        _, alive = psutil.wait_procs(processes, timeout=STOP_TIMEOUT_S)
        if alive:
            names = ", ".join(f"{process.name()} (pid {process.pid})" for process in alive)
            raise FintankError(f"Still running after {STOP_TIMEOUT_S} s: {names}; see {self.log}.")

    def _call(self, method: str, *arguments: object, unless: int | None = None) -> Any:
        """Call supervisord; OSError if it is not up, FintankError if it refuses, unless with this fault."""
        folder = os.open(self.home, os.O_PATH | os.O_DIRECTORY)
        transport = SupervisorTransport(None, None, f"unix:///proc/self/fd/{folder}/{SOCKET}")
        try:
            # The URL is never used: the transport goes to the socket.
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == unless:
                return None
            raise FintankError(
                f"supervisord refuses {method} ({fault.faultString}); try again, its log is {self.log}"
            ) from None
        finally:
            transport.close()
            os.close(folder)


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")
