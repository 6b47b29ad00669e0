"""The command that shows the dashboards."""

import os
import sys
import webbrowser
from pathlib import Path

from invoke.context import Context

from fintank import settings
from fintank.commands import command, report
from fintank.errors import FintankError
from fintank.grafana import download, server
from fintank.grafana.files import FOLDER
from fintank.report.span import parse_span
from fintank.settings import Settings
from fintank.terminal.live_line import LiveLine

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
GET_IT = f"""\
To have it: install Grafana {server.VERSIONS} (https://grafana.com/grafana/download), so that `grafana` is on
PATH, or unpack it anywhere and name that folder in {server.HOME_NAME}; then call `invoke dashboard` again.
Any other Grafana takes the files of {FOLDER} by Dashboards > New > Import."""


@command(help={"download": "download Grafana where there is none; --no-download does not"})
def dashboard(_context: Context, download: bool = True) -> None:
    """Show the dashboards in a Grafana on 127.0.0.1:3000, or the report, as in: invoke dashboard"""
    where = settings.load()
    found = _found(where, is_download_allowed=download)
    if found is None:
        _show_report(where)
        return
    program, home = found
    print(f"Grafana comes up at {server.URL}, data from InfluxDB ({where.influx}). Ctrl-C ends it.")
    status = server.run(program, home, where)
    if status:
        raise FintankError(f"Grafana ended with exit status {status}: its log is above")


def _found(where: Settings, *, is_download_allowed: bool) -> tuple[Path, Path] | None:
    """Return a Grafana's program and home folder, downloaded if need be and possible."""
    found = server.find()
    if found is not None:
        return found
    home = download.installed(where.programs)
    if home is None and is_download_allowed:
        print("There is no Grafana on this machine: downloading it.")
        try:
            with LiveLine() as line:
                home = download.install(where.programs, line.show)
        except FintankError as error:
            print(error)
    return None if home is None else (home / "bin" / "grafana", home)


def _show_report(where: Settings) -> None:
    """Say how to get Grafana, and open what shows the same without it."""
    print(GET_IT)
    out = Path(report.OUT)
    print("\nUntil then, the report of the last hour:")
    print(report.write(where, parse_span("1h", "now"), out))
    if sys.platform != "linux" or any(map(os.environ.get, SCREENS)):  # else it would be a browser of text
        webbrowser.open(out.absolute().as_uri())
