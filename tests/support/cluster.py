"""`sparse` aimed at a Storm cluster, and a worker that is reached through a real sshd."""

import json
import os
import pwd
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from support import free_ports
from support.stack import BIN, Stack
from support.waiting import wait_until

from fintank.adapters import nimbus, ports
from fintank.settings import PROJECT_ROOT

SSHD = PROJECT_ROOT / ".fintank" / "opt" / "sshd"
WORKER = "fintank-worker"
"""The worker's host name, which only the test's own ~/.ssh/config resolves."""
SUBMIT_TIMEOUT_S = 240
START_TIMEOUT_S = 60
# The network settings of this machine that a worker needs to install its virtualenv.
NETWORK = re.compile(r"^(PIP_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(https?|no)_proxy)$", re.IGNORECASE)


@dataclass(frozen=True)
class Aim:
    """Which cluster `sparse` talks to: the environment of its process and its options."""

    environ: dict[str, str]
    options: tuple[str, ...] = ()


def sparse(
    aim: Aim, name: str, *arguments: str, timeout_s: float = SUBMIT_TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run a command of `sparse`; stdout and stderr are one text, as in a terminal."""
    environ = {**aim.environ, "LEIN_ROOT": "1", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [BIN / "sparse", name, *aim.options, *arguments],
        cwd=PROJECT_ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def kill_topology(aim: Aim, address: str) -> None:
    """Kill the topology and wait until Nimbus has forgotten it and its slots are free."""
    done = sparse(aim, "kill", "-n", "order_flow", "--wait", "1")
    assert done.returncode == 0, done.stdout

    def is_gone() -> bool:
        cluster = nimbus.cluster(address)
        return not cluster.topologies and not any(one.num_used_workers for one in cluster.supervisors)

    wait_until(is_gone, START_TIMEOUT_S)


@contextmanager
def ssh_worker(stack: Stack, folder: Path) -> Iterator[Aim]:
    """Run an sshd with its own keys on a free port of 127.0.0.1; yield an Aim that knows only this worker."""
    port = free_ports.consecutive(1)
    settings = {name: value for name, value in os.environ.items() if NETWORK.match(name)}
    aim = ssh_aim(stack, folder, {WORKER: "127.0.0.1"}, port, settings)
    words = sshd(folder, "127.0.0.1", port)
    log = folder / "sshd.log"
    with log.open("w") as output, subprocess.Popen(words, stderr=output) as process:
        try:
            wait_until(lambda: ports.listens(f"127.0.0.1:{port}"), START_TIMEOUT_S, log.read_text)
            yield aim
        finally:
            process.terminate()


def ssh_aim(stack: Stack, folder: Path, hosts: dict[str, str], port: int, profile: dict[str, str]) -> Aim:
    """Write keys, profile and config.json for these workers, address by name; return an Aim that knows them.

    profile: what a worker's shell has in its environment.
    """
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True)
    (folder / "own" / "logs").mkdir(parents=True)
    make_key(folder / "host_key")
    (folder / "authorized_keys").write_bytes(make_key(home / ".ssh" / "id_ed25519"))
    key = home / ".ssh" / "id_ed25519"
    (home / ".ssh" / "config").write_text(
        "".join(
            f"Host {name}\n  HostName {address}\n  Port {port}\n  IdentityFile {key}\n"
            for name, address in hosts.items()
        )
    )
    lines = [f"export {name}={shlex.quote(value)}" for name, value in profile.items()]
    (home / ".bash_profile").write_text("\n".join([f"export PATH={BIN}:$PATH", *lines]) + "\n")
    config = folder / "config.json"
    config.write_text(json.dumps(_config(stack, folder, list(hosts))))
    return Aim({**stack.environ, "HOME": str(home)}, ("--config", str(config)))


def make_key(path: Path) -> bytes:
    """Write a new private key; return its public one."""
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _config(stack: Stack, folder: Path, workers: list[str]) -> dict[str, object]:
    project = json.loads((PROJECT_ROOT / "config.json").read_text())
    environment = {
        **project["envs"]["prod"],
        "user": pwd.getpwuid(os.getuid()).pw_name,
        "nimbus": stack.settings.nimbus,
        "workers": workers,
        "use_ssh_for_nimbus": False,
        "virtualenv_root": str(folder / "own" / "virtualenvs"),
        "options": {
            "fintank.kafka": stack.settings.kafka,
            "fintank.sink": str(stack.settings.sink),
            "topology.workers": 2,
            "topology.environment": {"FINTANK_SECRETS": os.environ["FINTANK_SECRETS"]},
        },
    }
    environment["log"]["path"] = str(folder / "own" / "logs")
    return {**project, "envs": {"prod": environment}}


def sshd(folder: Path, address: str, port: int) -> list[Path | str]:
    """Return the command of an sshd with the keys of `ssh_aim`."""
    home = folder / "home"
    libexec = SSHD / "usr" / "lib" / "openssh"
    lines = [
        f"Port {port}",
        f"ListenAddress {address}",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        "StrictModes no",
        "UsePAM no",
        "PidFile none",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        f"Subsystem sftp {libexec / 'sftp-server'}",
        # The worker's shell reads .bash_profile there.
        f"SetEnv HOME={home}",
    ]
    # Since OpenSSH 9.8 sshd is three programs.
    for option, program in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        if (libexec / program).exists():
            lines.append(f"{option} {libexec / program}")
    if (libexec / "sshd-session").exists():
        # Since then it also blocks for a while any host that tried a wrong key, as one of the tests does.
        lines.append("PerSourcePenalties no")
    file = folder / f"sshd_config-{address}"
    file.write_text("\n".join(lines) + "\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    return [SSHD / "usr" / "sbin" / "sshd", "-D", "-e", "-f", file]
