"""The URL of the database that points are written to, as in questdb://localhost:9000/prices_development."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from fintank.errors import FintankError

DATABASE = "prices_development"
TITLES: Mapping[str, str] = {
    "influxdb": "InfluxDB",
    "influxdbs": "InfluxDB",
    "questdb": "QuestDB",
    "postgresql": "PostgreSQL",
}
"""The schemes, and what their databases are called, as their classes in `adapters.sinks` are.

influxdbs is InfluxDB over https.
"""
FORMS = "influxdb, influxdbs, questdb or postgres, or a URL such as questdb://localhost:9000"
_URL = re.compile(r"([A-Za-z]+)://(?:(.*)@)?([^@/]+)(?:/(.*))?")
_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class SinkUrl:
    """A database: `address` is host:port, `login` the URL's user:password, which is never shown.

    `database` is empty where a server has only one.
    """

    scheme: str
    address: str
    database: str = DATABASE
    login: str = field(default="", repr=False)

    def __str__(self) -> str:
        return replace(self, login="").with_login

    @property
    def with_login(self) -> str:
        """The URL with its login, for the environment of a child process."""
        login = f"{self.login}@" if self.login else ""
        database = f"/{self.database}" if self.database else ""
        return f"{self.scheme}://{login}{self.address}{database}"

    @property
    def shown(self) -> str:
        """The database in a message, as in InfluxDB (localhost:8086)."""
        return f"{TITLES[self.scheme]} ({self.address})"

    @property
    def user_and_password(self) -> tuple[str, str]:
        """The login's two parts, decoded; empty without a login."""
        user, _, password = self.login.partition(":")
        return unquote(user), unquote(password)


def parse(name: str, text: str, host: str, ports: Mapping[str, int]) -> SinkUrl:
    """Parse a URL, or a scheme alone, which is a server on `host`; `ports` has each scheme's default.

    FintankError on any other text. The address is not checked.
    """
    match = _URL.fullmatch(text if "://" in text else f"{text}://{host}")
    is_text = text.isprintable() and "\0" not in unquote(text)
    scheme = match[1].lower() if match and is_text else ""
    scheme = "postgresql" if scheme == "postgres" else scheme
    # No message shows the text: it may hold a password, wherever its signs were confused.
    if match is None or scheme not in TITLES:
        raise FintankError(f"{name} is no database that fintank knows: write {FORMS}")
    _, login, place, database = match.groups()
    if "\ufffd" in unquote(login or ""):
        raise FintankError(f"{name}: its login is not UTF-8: write ü as %C3%BC, and % as %25")
    address = place if re.search(r":[0-9]+\Z", place.rpartition("]")[2]) else f"{place}:{ports[scheme]}"
    if scheme == "questdb":
        if database:
            raise FintankError(f"{name}: a QuestDB has no databases: leave out what follows host and port")
        return SinkUrl(scheme, address, "", login or "")
    if database and not _DATABASE.fullmatch(database):
        raise FintankError(
            f"{name}: after host and port comes only the database: letters, digits, _ . and -, at most 63"
        )
    return SinkUrl(scheme, address, database or DATABASE, login or "")
