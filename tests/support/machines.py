"""Machines of a cluster, each a network namespace with an address, a loopback and folders of its own.

They share this kernel and its files, but for what a machine mounts for itself. Needs root, ip and nsenter.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.waiting import wait_until

NETWORK = f"10.213.{os.getpid() % 250}"
"""The network of this process's machines: other tests may have theirs."""
HERE = f"{NETWORK}.1"
START_TIMEOUT_S = 30
FORWARD = """
import asyncio, sys
listen, connect, *ports = sys.argv[1:]

async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def serve(port):
    async def accept(reader, writer):
        try:
            theirs = await asyncio.open_connection(connect, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, theirs[1]), copy(theirs[0], writer))
    await asyncio.start_server(accept, listen, port)

async def main():
    await asyncio.gather(*(serve(int(port)) for port in ports))
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""Takes connections on some ports of an address, and passes them on to the same ports of another."""


@dataclass(frozen=True)
class Machine:
    """A machine; pid: the process whose namespaces are the machine's."""

    address: str
    link: str
    pid: int

    def command(self, *words: object) -> list[str]:
        """Return the command that runs these words on the machine."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", *map(str, words)]

    @contextmanager
    def running(self, words: Sequence[object], log: Path, environ: dict[str, str]) -> Iterator[None]:
        """Run a service on the machine during the block, again when it ends; what it says is in a file."""
        again = ["sh", "-c", 'while :; do "$@"; sleep 1; done', "sh"]
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.command(*again, *words),
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(START_TIMEOUT_S)

    def cut(self) -> None:
        """Cut the machine's link: nothing arrives any more, and nobody is told."""
        _ip("link", "set", self.link, "down")

    def join(self) -> None:
        """Restore the link."""
        _ip("link", "set", self.link, "up")


@contextmanager
def machines(count: int, ports: Sequence[int], own: Path, folder: Path) -> Iterator[list[Machine]]:
    """Start machines that find these ports of this one under their own localhost.

    own: a folder that each machine has for itself. folder: for what is theirs.
    """
    bridge = f"fnt{os.getpid() % 10_000}"
    with ExitStack() as stack:
        _ip("link", "add", bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", bridge)
        _ip("address", "add", f"{HERE}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        stack.enter_context(_forwarding([], HERE, "127.0.0.1", ports))
        made = []
        for number in range(count):
            disk = folder / f"machine-{number}"
            disk.mkdir()
            machine = stack.enter_context(_machine(bridge, number, disk, own))
            stack.enter_context(_forwarding(machine.command(), "127.0.0.1", HERE, ports))
            made.append(machine)
        yield made


@contextmanager
def _machine(bridge: str, number: int, disk: Path, own: Path) -> Iterator[Machine]:
    link, address = f"{bridge}v{number}", f"{NETWORK}.{number + 2}"
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "infinity"])
    try:
        machine = Machine(address, link, holder.pid)
        ours = Path("/proc/self/ns/net").readlink()
        wait_until(lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != ours, START_TIMEOUT_S)
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        _ip("link", "set", link, "master", bridge, "up")
        for words in (
            ("ip", "link", "set", "lo", "up"),
            ("ip", "address", "add", f"{address}/24", "dev", "eth0"),
            ("ip", "link", "set", "eth0", "up"),
            ("mount", "--bind", disk, own),
        ):
            subprocess.run(machine.command(*words), check=True)
        yield machine
    finally:
        # With its last process the namespace and its end of the link are gone.
        holder.kill()
        holder.wait(START_TIMEOUT_S)


@contextmanager
def _forwarding(prefix: list[str], listen: str, connect: str, ports: Sequence[int]) -> Iterator[None]:
    words = [*prefix, sys.executable, "-c", FORWARD, listen, connect, *map(str, ports)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.terminate()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
