"""The local PostgreSQL server. It refuses to run as root: there it runs as `nobody`, which owns its data."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from fintank.adapters import credentials
from fintank.adapters.sinks.postgresql import PostgreSQL
from fintank.adapters.sinks.postgresql_connections import USER
from fintank.errors import FintankError
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import Settings, host_and_port
from fintank.sink_url import SinkUrl

OWNER = "nobody"
INITDB_TIMEOUT_S = 120


def service(settings: Settings, url: SinkUrl) -> Service:
    """Return the server as a service."""
    folder = programs.postgresql(settings)
    data = settings.home / "data" / "postgresql"
    configuration = settings.home / "run" / "postgresql.conf"
    access = settings.home / "run" / "pg_hba.conf"
    login = credentials.sink_login(url)
    method = "scram-sha-256" if any(login) else "trust"
    port = host_and_port(url.address)[1]
    command = (*_as_owner(), str(folder / "postgres"), "-D", str(data), "-c", f"config_file={configuration}")
    return Service(
        name="postgresql",
        address=url.address,
        variable="FINTANK_SINK",
        ports=(port,),
        command=command,
        files={
            configuration: fill("postgresql.conf", port=port, access=access),
            access: f"host all all 127.0.0.1/32 {method}\n",
        },
        log=settings.home / "logs" / "postgresql.log",
        answers=PostgreSQL(url).answers,
        prepare=lambda: _create_data(folder, data, login),
        finish=lambda: PostgreSQL(url).prepare(),  # on a new connection: it may be another start
        stop_signal="INT",  # at TERM it waits for its clients to leave
    )


def _as_owner() -> tuple[str, ...]:
    """Return the start of a command that gives up root, but for reading what root has put here."""
    if os.geteuid() != 0:
        return ()
    group = str(pwd.getpwnam(OWNER).pw_gid)
    rights = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    # PostgreSQL's programs ask access(2) first, which otherwise denies what the right allows, as below /root.
    checks = "--securebits=+no_setuid_fixup"
    return ("setpriv", f"--reuid={OWNER}", f"--regid={group}", "--clear-groups", *rights, checks)


def _create_data(folder: Path, data: Path, login: tuple[str, str]) -> None:
    """Create the data folder; FintankError if another version has made it."""
    version = folder.parent.name
    if data.exists():
        found = (data / "PG_VERSION").read_text("utf-8").strip()
        if found != version:
            raise FintankError(
                f"{data} is of PostgreSQL {found}, and {version} is installed: move it with pg_upgrade, or "
                "run `invoke reset` and, for the topics of a Kafka that you keep, `invoke rebuild`"
            )
        return
    user, password = login
    new = data.with_name("postgresql.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=data.parent) as file:
        file.write(f"{password}\n")
        file.flush()
        if os.geteuid() == 0:
            shutil.chown(new, OWNER)
        command = [*_as_owner(), folder / "initdb", "-D", new, "-U", user or USER, "--encoding=UTF8"]
        command += ["--locale=C", "--auth=trust", *([f"--pwfile={file.name}"] if password else [])]
        programs.run(command, INITDB_TIMEOUT_S, "PostgreSQL's initdb failed")
    new.rename(data)
