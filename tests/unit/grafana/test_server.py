"""Finding, downloading and starting Grafana; a script stands in for the program."""

import hashlib
import io
import os
import sys
import tarfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from support.http_server import QuietHandler, http_server

from fintank.errors import FintankError
from fintank.grafana import download, server
from fintank.grafana.download import Archive
from fintank.settings import load

PROGRAM = """#!{python}
import json, os, sys
json.dump({{"arguments": sys.argv[1:], "environ": dict(os.environ)}}, open("{out}", "w"))
sys.exit(3)
"""


def make_grafana(home: Path, out: Path = Path("/dev/null")) -> Path:
    """Make a home folder like Grafana's; its program writes its arguments and environment to `out`."""
    (home / "bin").mkdir(parents=True)
    (home / "conf").mkdir()
    (home / "conf" / "defaults.ini").touch()
    program = home / "bin" / "grafana"
    program.write_text(PROGRAM.format(python=sys.executable, out=out))
    program.chmod(0o755)
    return program


def test_grafana_home_wins_over_path(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    program, on_path = make_grafana(own), make_grafana(other)
    assert server.find({"GRAFANA_HOME": str(own), "PATH": str(on_path.parent)}) == (program, own)
    assert server.find({"PATH": str(on_path.parent)}) == (on_path, other)


def test_a_link_on_path_leads_to_its_home(tmp_path: Path) -> None:
    program = make_grafana(tmp_path / "home")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "grafana").symlink_to(program)
    assert server.find({"PATH": str(tmp_path / "bin")}) == (program, tmp_path / "home")


def test_no_grafana_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert server.find({"PATH": str(tmp_path)}) is None


def test_a_home_without_a_grafana_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match="has no bin/grafana"):
        server.find({"GRAFANA_HOME": str(tmp_path), "PATH": ""})


def test_it_is_provisioned_and_listens_on_localhost_only(tmp_path: Path) -> None:
    given = {"FINTANK_HOME": str(tmp_path), "FINTANK_INFLUX": "localhost:15086", "FINTANK_INFLUX_USER": "me"}
    found = server.variables(load(given), given)
    assert found["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert found["GF_SERVER_HTTP_PORT"] == "3000"
    assert (found["FINTANK_INFLUX"], found["FINTANK_INFLUX_USER"]) == ("localhost:15086", "me")
    assert found["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    for name in ("GF_PATHS_PROVISIONING", "FINTANK_DASHBOARDS", "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"):
        assert Path(found[name]).exists()
    for name in ("GF_PATHS_DATA", "GF_PATHS_LOGS", "GF_PATHS_PLUGINS"):
        assert Path(found[name]).is_relative_to(tmp_path)


def test_its_exit_status_is_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.ports, "is_free", lambda _: True)
    program = make_grafana(tmp_path / "home", tmp_path / "out")
    assert server.run(program, tmp_path / "home", load({"FINTANK_HOME": str(tmp_path)})) == 3
    assert f'"arguments": ["server", "--homepath", "{tmp_path}/home"]' in (tmp_path / "out").read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """Serve a Grafana archive; return its URL and its bytes."""
    make_grafana(tmp_path / "made" / "grafana-v11.0.0")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(tmp_path / "made" / "grafana-v11.0.0", "grafana-v11.0.0")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "grafana.tar.gz").write_bytes(packed.getvalue())

    class Handler(QuietHandler, SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=os.fspath(folder))  # type: ignore[arg-type]

    with http_server(Handler) as address:
        yield f"http://{address}/grafana.tar.gz", packed.getvalue()


def test_an_archive_with_the_expected_checksum_is_unpacked(tmp_path: Path, site: tuple[str, bytes]) -> None:
    url, content = site
    shown: list[str] = []
    home = download.install(tmp_path / "opt", shown.append, Archive(url, hashlib.sha256(content).hexdigest()))
    assert os.access(home / "bin" / "grafana", os.X_OK)
    assert download.installed(tmp_path / "opt") == home
    assert [path.name for path in (tmp_path / "opt").iterdir()] == [home.name]
    assert shown


def test_an_archive_with_another_checksum_is_not_used(tmp_path: Path, site: tuple[str, bytes]) -> None:
    with pytest.raises(FintankError, match="unexpected checksum"):
        download.install(tmp_path / "opt", lambda _: None, Archive(site[0], "0" * 64))
    assert list((tmp_path / "opt").iterdir()) == []
    assert download.installed(tmp_path / "opt") is None


def test_no_network_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match="does not answer"):
        download.install(tmp_path, lambda _: None, Archive("http://127.0.0.1:9/grafana.tar.gz", ""))


def test_a_missing_archive_is_an_error(tmp_path: Path, site: tuple[str, bytes]) -> None:
    with pytest.raises(FintankError, match="answered 404"):
        download.install(tmp_path, lambda _: None, Archive(site[0] + ".missing", ""))


def test_other_machines_have_no_archive(tmp_path: Path) -> None:
    with pytest.raises(FintankError, match="no Grafana to download for pdp11"):
        download.install(tmp_path, lambda _: None, machine="pdp11")
