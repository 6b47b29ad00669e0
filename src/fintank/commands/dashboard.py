"""invoke dashboard: Grafana with the dashboards."""

import os
import sys
import webbrowser
from pathlib import Path

from fintank.commands import command, report
from fintank.errors import FintankError
from fintank.grafana import download, server
from fintank.grafana.files import FOLDER
from fintank.report.span import parse_span
from fintank.settings import Settings
from fintank.terminal.screen import LiveLine

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
GET_IT = f"""\
To get it, install Grafana {server.VERSIONS} (https://grafana.com/grafana/download) with `grafana` on PATH, or
unpack it anywhere and name that folder in {server.HOME_NAME}; then run `invoke dashboard` again.
Any other Grafana imports the files of {FOLDER} with Dashboards > New > Import."""


@command(help={"download": "download Grafana if none is installed; --no-download never downloads"})
def dashboard(settings: Settings, download: bool = True) -> None:
    """Show the dashboards in a Grafana on 127.0.0.1:3000, or the report.

    Example: invoke dashboard
    """
    found = _found(settings, is_download_allowed=download)
    if found is None:
        _show_report(settings)
        return
    program, home = found
    print(f"Starting Grafana at {server.URL} with data from {settings.sink.shown}. Ctrl-C stops it.")
    status = server.run(program, home, settings)
    if status:
        raise FintankError(f"Grafana ended with exit status {status}: see its log above")


def _found(settings: Settings, *, is_download_allowed: bool) -> tuple[Path, Path] | None:
    """Return Grafana's program and home folder; download it if needed, allowed and possible."""
    found = server.find()
    if found is not None:
        return found
    home = download.installed(settings.programs)
    if home is None and is_download_allowed:
        print("Grafana is not installed: downloading it.")
        try:
            with LiveLine() as line:
                home = download.install(settings.programs, line.show)
        except FintankError as error:
            print(error)
    return None if home is None else (home / "bin" / "grafana", home)


def _show_report(settings: Settings) -> None:
    """Print how to get Grafana, and open the report, which shows the same."""
    print(GET_IT)
    out = Path(report.OUT)
    print("\nUntil then, here is the report of the last hour:")
    print(report.write(settings, parse_span("1h", "now"), out))
    if sys.platform != "linux" or any(map(os.environ.get, SCREENS)):  # else it would be a text browser
        webbrowser.open(out.absolute().as_uri())
