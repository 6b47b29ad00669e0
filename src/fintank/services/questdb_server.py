"""The local QuestDB server, with its console for the browser."""

from fintank.adapters import credentials
from fintank.adapters.sinks.questdb import QuestDB
from fintank.services import programs
from fintank.services.supervisor import Service
from fintank.services.templates import fill
from fintank.settings import Settings, host_and_port
from fintank.sink_url import SinkUrl

JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC")
"""Its tables are outside the heap, in mapped files."""


def service(settings: Settings, url: SinkUrl) -> Service:
    """Return the server as a service."""
    data = settings.home / "data" / "questdb"
    jar = programs.class_path(settings, "questdb")
    jvm = [*programs.jvm(programs.temporary(settings)), *JVM_OPTIONS]
    user, password = credentials.sink_login(url)
    login = f"http.user={user}\nhttp.password={password}\n" if user else ""
    port = host_and_port(url.address)[1]

    def prepare_tables() -> None:
        QuestDB(url).prepare()

    return Service(
        name="questdb",
        address=url.address,
        variable="FINTANK_SINK",
        ports=(port,),
        command=(*jvm, "-p", jar, "-m", "io.questdb/io.questdb.ServerMain", "-d", str(data)),
        files={data / "conf" / "server.conf": fill("questdb.conf", port=port, login=login)},
        log=settings.home / "logs" / "questdb.log",
        answers=QuestDB(url).answers,
        finish=prepare_tables,
    )
