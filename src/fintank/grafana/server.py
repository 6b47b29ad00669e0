"""Running a local Grafana, provisioned with fintank's data source, dashboards and alert rules."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fintank.adapters import ports
from fintank.errors import FintankError
from fintank.grafana import provisioning
from fintank.services import port_checks, programs
from fintank.settings import PORTS, Settings

HOST = "127.0.0.1"
PORT = PORTS["grafana"]
URL = f"http://{HOST}:{PORT}"
VERSIONS = "12.4 or 13"
VERSION_MIN = (12, 4)
VERSION_TIMEOUT_S = 30
HOME_NAME = "GRAFANA_HOME"
DEFAULT_HOME = Path("/usr/share/grafana")
"""Where Grafana's packages install its home."""
PACKAGED_PLUGINS = Path("/var/lib/grafana/plugins-bundled")
"""Where they install the data sources that Grafana 13 no longer has built in, InfluxDB's among them."""


def find(environ: Mapping[str, str] = os.environ) -> tuple[Path, Path] | None:
    """Return the program and its home folder, from GRAFANA_HOME or PATH; None if neither has one.

    FintankError if GRAFANA_HOME is set but has no Grafana, or the home of PATH's is missing.
    """
    if environ.get(HOME_NAME):
        home = Path(environ[HOME_NAME])
        program = home / "bin" / "grafana"
        if not program.exists():
            raise FintankError(
                f"{HOME_NAME}={home} has no bin/grafana: set it to the folder of a Grafana {VERSIONS}"
            )
        return program, home
    found = shutil.which("grafana", path=environ.get("PATH"))
    if found is None:
        return None
    program = Path(found).resolve()
    for home in (DEFAULT_HOME, program.parent.parent):
        if (home / "conf" / "defaults.ini").exists():
            return program, home
    raise FintankError(f"{program} has no home folder next to it: set {HOME_NAME} to that folder")


def require_version(program: Path) -> None:
    """Raise FintankError unless it is a Grafana of VERSION_MIN or newer."""
    printed = programs.run([program, "--version"], VERSION_TIMEOUT_S, f"{program} --version fails")
    found = re.search(r"version v?((\d+)\.(\d+)\S*)", printed)
    if found is None or (int(found[2]), int(found[3])) < VERSION_MIN:
        version = found[1] if found else "of an unknown version"
        raise FintankError(
            f"{program} is Grafana {version}, and the dashboards need {VERSIONS}: update it, or name the "
            f"folder of another in {HOME_NAME}"
        )


def bundled_plugins(home: Path) -> Path | None:
    """Return the folder of the data sources that came with a Grafana 13; an older one has them built in."""
    folders = (home / "data" / "plugins-bundled", PACKAGED_PLUGINS)
    return next((folder for folder in folders if folder.is_dir()), None)


def variables(settings: Settings, home: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a Grafana that writes only into fintank's home; `home` is Grafana's own.

    It listens on this machine alone, anyone there may view the dashboards without logging in, and it needs
    no network: without the folder of its own plugins it would download them.
    """
    bundled = bundled_plugins(home)
    data = settings.home / "data" / "grafana"
    return {
        **environ,
        **provisioning.variables(settings, environ),
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(PORT),
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(settings.home / "logs" / "grafana"),
        "GF_PATHS_PLUGINS": str(plugins(settings)),
        **({"GF_PATHS_BUNDLED_PLUGINS": str(bundled)} if bundled else {}),
        "GF_PLUGINS_PREINSTALL_AUTO_UPDATE": "false",
        "GF_PATHS_PROVISIONING": str(provisioning.folder(settings)),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(
            provisioning.folder(settings) / "json" / "order-flow.json"
        ),
    }


def run(program: Path, home: Path, settings: Settings) -> int:
    """Run Grafana until it exits; return its exit status.

    FintankError if it is too old, its port is taken, or the plugin of its data source can't be installed.
    """
    require_version(program)
    if not ports.is_free(PORT):
        raise FintankError(f"Port {PORT} of Grafana is in use by {port_checks.holder(PORT)}: stop it first")
    _install_plugin(program, home, settings)
    provisioning.provision(settings)
    command = [str(program), "server", "--homepath", str(home)]
    process = subprocess.Popen(command, env=variables(settings, home))
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()  # Ctrl-C reached it too


def plugins(settings: Settings) -> Path:
    """Return the folder of Grafana's plugins."""
    return settings.home / "data" / "grafana" / "plugins"


def _install_plugin(program: Path, home: Path, settings: Settings) -> None:
    name = provisioning.PLUGINS.get(provisioning.database(settings))
    if name is None or (plugins(settings) / name).exists():
        return
    plugins(settings).mkdir(parents=True, exist_ok=True)
    options = ["--homepath", str(home), "--pluginsDir", str(plugins(settings))]
    done = subprocess.run([program, "cli", *options, "plugins", "install", name], check=False)
    if done.returncode:
        raise FintankError(
            f"Grafana could not install its plugin {name}: unpack it into {plugins(settings)} "
            "(https://grafana.com/grafana/plugins/questdb-questdb-datasource)"
        )
