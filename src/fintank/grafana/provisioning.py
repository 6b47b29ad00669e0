"""What a local Grafana gets: the data source of the sink, the dashboards that fit it, and its environment."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.grafana.files import FOLDER, OPERATIONS, ORDER_FLOW
from fintank.settings import PORTS, Settings, host_and_port

PLUGINS = {"questdb": "questdb-questdb-datasource"}
"""The plugins of the data sources that do not come with Grafana."""
WEBHOOK_NAME = "FINTANK_ALERT_WEBHOOK"
DEFAULT_LOGINS = {"questdb": ("admin", "quest"), "postgresql": ("postgres", "")}


def folder(settings: Settings) -> Path:
    """Return the folder in Grafana's data that `provision` fills."""
    return settings.home / "data" / "grafana" / "provisioning"


def provision(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Copy what fits the sink from `dashboards/`; InfluxDB alone has Operations and alert rules.

    With FINTANK_ALERT_WEBHOOK alerts are sent there; FintankError if it is not a URL.
    """
    made = folder(settings)
    webhook = environ.get(WEBHOOK_NAME, "")
    if webhook and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", webhook):
        raise FintankError(f"{WEBHOOK_NAME} is not a URL: write one such as https://alerts.example/fintank")
    shutil.rmtree(made, ignore_errors=True)
    for source, target in _copies(database(settings), webhook):
        (made / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FOLDER / source, made / target)


def variables(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of the provisioning files."""
    kind, made = database(settings), folder(settings)
    user, password = credentials.sink_login(settings.sink, environ)
    if not user and not password:
        user, password = DEFAULT_LOGINS.get(kind, ("", ""))
    name = "FINTANK_INFLUX" if kind == "influxdb" else f"FINTANK_{kind.upper()}"
    address = settings.sink.address
    found = {
        "FINTANK_DASHBOARDS": str(made / "json"),
        name: address,
        f"{name}_USER": user,
        f"{name}_PASSWORD": password,
    }
    if kind == "questdb":
        port = environ.get(f"{name}_PORT") or str(PORTS["questdb_postgresql"])
        found |= {f"{name}_HOST": host_and_port(address)[0], f"{name}_PORT": port}
    if kind == "postgresql":
        found[f"{name}_DATABASE"] = settings.sink.database
    return found


def database(settings: Settings) -> str:
    """Return which of the databases with dashboards the sink is; FintankError if it is none of them."""
    kind = "influxdb" if settings.sink.scheme.startswith("influxdb") else settings.sink.scheme
    if kind not in ORDER_FLOW:
        raise FintankError(f"There are no dashboards for {settings.sink.shown}: see docs/dashboards.md")
    return kind


def _copies(kind: str, webhook: str) -> Iterator[tuple[str, str]]:
    yield "provisioning/dashboards/fintank.yaml", "dashboards/fintank.yaml"
    yield ORDER_FLOW[kind], "json/order-flow.json"
    if kind == "influxdb":
        yield OPERATIONS, "json/operations.json"
        yield "provisioning/alerting/fintank.yaml", "alerting/fintank.yaml"
        if webhook:
            yield "contact-points/webhook.yaml", "alerting/webhook.yaml"
        yield "provisioning/datasources/fintank.yaml", "datasources/fintank.yaml"
    else:
        yield f"data-sources/{kind}.yaml", "datasources/fintank.yaml"
