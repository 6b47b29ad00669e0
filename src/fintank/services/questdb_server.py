"""The local QuestDB server, with its console for the browser."""

import json

from fintank.adapters import credentials
from fintank.adapters.sinks.questdb import QuestDB
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import PORTS, Settings, host_and_port
from fintank.sink_url import SinkUrl

JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC")
"""Its tables are outside the heap, in mapped files."""


def login_lines(user: str, password: str) -> str:
    """Return the login's lines of server.conf; empty without a user."""
    # A file of Java's properties is Latin-1, and has JSON's escapes.
    user, password = json.dumps(user)[1:-1], json.dumps(password)[1:-1]
    return "".join(f"{of}.user={user}\n{of}.password={password}\n" for of in ("http", "pg") if user)


def service(settings: Settings, url: SinkUrl) -> Service:
    """Return the server as a service.

    At its default port it also listens on the default port for PostgreSQL's protocol, which Grafana reads.
    """
    data = settings.home / "data" / "questdb"
    jar = programs.class_path(settings, "questdb")
    jvm = [*programs.jvm(programs.temporary(settings)), *JVM_OPTIONS]
    login = login_lines(*credentials.sink_login(url))
    port, sql_port = host_and_port(url.address)[1], PORTS["questdb_postgresql"]
    is_default = port == PORTS["questdb"]
    sql = f"pg.net.bind.to=127.0.0.1:{sql_port}" if is_default else "pg.enabled=false"
    return Service(
        name="questdb",
        address=url.address,
        variable="FINTANK_SINK",
        ports=(port, sql_port) if is_default else (port,),
        command=(*jvm, "-p", jar, "-m", "io.questdb/io.questdb.ServerMain", "-d", str(data)),
        files={data / "conf" / "server.conf": fill("questdb.conf", port=port, sql=sql, login=login)},
        log=settings.home / "logs" / "questdb.log",
        answers=QuestDB(url).answers,
        finish=lambda: QuestDB(url).prepare(),  # on a new connection: it may be another start
    )
