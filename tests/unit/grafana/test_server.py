"""Finding, downloading and starting Grafana; a script stands in for the program."""

import hashlib
import io
import json
import os
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.http_server import QuietHandler, http_server

from fintank import sink_url
from fintank.errors import FintankError
from fintank.grafana import download, provisioning, server
from fintank.grafana.download import Archive
from fintank.settings import load

PROGRAM = """#!{python}
import json, os, sys
if "--version" in sys.argv:
    print("grafana version {version}")
    sys.exit()
json.dump({{"arguments": sys.argv[1:], "environ": dict(os.environ)}}, open("{out}", "w"))
sys.exit(1 if "plugins" in sys.argv and "broken" in sys.argv[0] else 3 if "server" in sys.argv else 0)
"""
FILES = {
    "influxdb": {
        *("alerting/fintank.yaml", "dashboards/fintank.yaml", "datasources/fintank.yaml"),
        *("json/operations.json", "json/order-flow.json"),
    },
    "questdb": {"dashboards/fintank.yaml", "datasources/fintank.yaml", "json/order-flow.json"},
    "postgresql": {"dashboards/fintank.yaml", "datasources/fintank.yaml", "json/order-flow.json"},
}


def make_grafana(home: Path, out: Path = Path("/dev/null"), version: str = "12.4.0") -> Path:
    """Make a home folder like Grafana's; its program writes its arguments and environment to `out`."""
    (home / "bin").mkdir(parents=True)
    (home / "conf").mkdir()
    (home / "conf" / "defaults.ini").touch()
    program = home / "bin" / "grafana"
    program.write_text(PROGRAM.format(python=sys.executable, out=out, version=version))
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
    provisioning.provision(load(given))
    found = server.variables(load(given), tmp_path, given)
    assert found["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert found["GF_SERVER_HTTP_PORT"] == "3000"
    assert (found["FINTANK_INFLUX"], found["FINTANK_INFLUX_USER"]) == ("localhost:15086", "me")
    assert found["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    for name in ("GF_PATHS_PROVISIONING", "FINTANK_DASHBOARDS", "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"):
        assert Path(found[name]).exists()
    for name in ("GF_PATHS_DATA", "GF_PATHS_LOGS", "GF_PATHS_PLUGINS"):
        assert Path(found[name]).is_relative_to(tmp_path)


@pytest.mark.parametrize("scheme", FILES)
def test_it_gets_the_data_source_and_the_dashboards_of_the_sink(tmp_path: Path, scheme: str) -> None:
    given = {"FINTANK_HOME": str(tmp_path), "FINTANK_SINK": f"{scheme}://me:secret@host:1234"}
    settings = load(given)
    for _ in range(2):
        provisioning.provision(settings)
    folder = provisioning.folder(settings)
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert set(texts) == FILES[scheme]
    source = YAML(typ="safe").load(texts["datasources/fintank.yaml"])["datasources"][0]
    assert source["isDefault"]
    assert f'"query": "{source["type"]}"' in texts["json/order-flow.json"]
    found = server.variables(settings, tmp_path, given)
    names = {name for text in texts.values() for name in re.findall(r"\$(FINTANK_\w+)", text)}
    assert names <= set(found)
    shown = " ".join(found[name] for name in sorted(names))
    assert {"me", "secret"} <= set(shown.split())
    assert "host" in shown


def test_alerts_are_sent_to_the_webhook_that_is_named(tmp_path: Path) -> None:
    settings = load({"FINTANK_HOME": str(tmp_path)})
    file = provisioning.folder(settings) / "alerting" / "webhook.yaml"
    provisioning.provision(settings, {"FINTANK_ALERT_WEBHOOK": "https://alerts.example/fintank?key=1"})
    made = YAML(typ="safe").load(file)
    (receiver,) = made["contactPoints"][0]["receivers"]
    assert (receiver["type"], receiver["settings"]["url"]) == ("webhook", "$FINTANK_ALERT_WEBHOOK")
    assert made["policies"][0]["receiver"] == made["contactPoints"][0]["name"]
    provisioning.provision(settings, {})
    assert not file.exists()


@pytest.mark.parametrize("url", ["alerts.example", "ftp://alerts.example", "https://", "https://a b"])
def test_a_webhook_that_is_no_url_is_an_error_since_grafana_would_not_start(tmp_path: Path, url: str) -> None:
    settings = load({"FINTANK_HOME": str(tmp_path)})
    with pytest.raises(FintankError, match="FINTANK_ALERT_WEBHOOK is not a URL: write one such as"):
        provisioning.provision(settings, {"FINTANK_ALERT_WEBHOOK": url})


def test_a_database_without_dashboards_is_an_error(tmp_path: Path) -> None:
    settings = load({"FINTANK_HOME": str(tmp_path)})
    own = replace(settings, sink=replace(settings.sink, scheme="questdb2"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sink_url.TITLES, "questdb2", "Own")  # type: ignore[arg-type]
        with pytest.raises(FintankError, match=r"no dashboards for Own \(localhost:8086\)"):
            provisioning.provision(own)


def test_without_a_login_it_uses_the_default_one_of_the_database(tmp_path: Path) -> None:
    def login(scheme: str) -> tuple[str, str]:
        given = {"FINTANK_HOME": str(tmp_path), "FINTANK_SINK": scheme}
        found = server.variables(load(given), tmp_path, given)
        name = "FINTANK_INFLUX" if scheme == "influxdb" else f"FINTANK_{scheme.upper()}"
        return found[f"{name}_USER"], found[f"{name}_PASSWORD"]

    assert login("influxdb") == ("", "")
    assert login("questdb") == ("admin", "quest")
    assert login("postgresql") == ("postgres", "")


def test_the_port_that_grafana_reads_of_questdb_can_be_set(tmp_path: Path) -> None:
    given = {"FINTANK_HOME": str(tmp_path), "FINTANK_SINK": "questdb://db:9001"}
    found = server.variables(load(given), tmp_path, given)
    assert (found["FINTANK_QUESTDB_HOST"], found["FINTANK_QUESTDB_PORT"]) == ("db", "8812")
    given["FINTANK_QUESTDB_PORT"] = "8813"
    assert server.variables(load(given), tmp_path, given)["FINTANK_QUESTDB_PORT"] == "8813"


def test_the_plugin_of_questdb_is_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.ports, "is_free", lambda _: True)
    settings = load({"FINTANK_HOME": str(tmp_path), "FINTANK_SINK": "questdb"})
    broken = make_grafana(tmp_path / "broken", tmp_path / "out")
    with pytest.raises(FintankError, match="could not install its plugin questdb-questdb-datasource"):
        server.run(broken, tmp_path / "broken", settings)
    words = json.loads((tmp_path / "out").read_text())["arguments"]
    assert (words[0], words[-3:]) == ("cli", ["plugins", "install", "questdb-questdb-datasource"])
    program = make_grafana(tmp_path / "home")
    assert server.run(program, tmp_path / "home", settings) == 3
    (server.plugins(settings) / "questdb-questdb-datasource").mkdir()
    assert server.run(broken, tmp_path / "broken", settings) == 3


@pytest.mark.parametrize("version", ["11.0.0", "12.3.9", "", "unknown"])
def test_an_older_grafana_ends_with_one_line(tmp_path: Path, version: str) -> None:
    program = make_grafana(tmp_path / "home", version=version)
    with pytest.raises(
        FintankError, match=r"the dashboards need 12.4 or 13: update it, or name .* GRAFANA_HOME"
    ):
        server.run(program, tmp_path / "home", load({"FINTANK_HOME": str(tmp_path)}))


@pytest.mark.parametrize("version", ["12.4.0", "12.10.1", "13.2.2", "13.0.1+security-01", "v14.0.0-pre"])
def test_a_newer_grafana_is_taken(tmp_path: Path, version: str) -> None:
    server.require_version(make_grafana(tmp_path / "home", version=version))


def test_a_grafana_13_finds_the_data_sources_it_came_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str | None:
        given = {"FINTANK_HOME": str(tmp_path)}
        return server.variables(load(given), tmp_path / "home", given).get("GF_PATHS_BUNDLED_PLUGINS")

    monkeypatch.setattr(server, "PACKAGED_PLUGINS", tmp_path / "packaged")
    assert told() is None
    (tmp_path / "packaged").mkdir()
    assert told() == str(tmp_path / "packaged")
    unpacked = tmp_path / "home" / "data" / "plugins-bundled"
    unpacked.mkdir(parents=True)
    assert told() == str(unpacked)


def test_its_exit_status_is_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.ports, "is_free", lambda _: True)
    program = make_grafana(tmp_path / "home", tmp_path / "out")
    assert server.run(program, tmp_path / "home", load({"FINTANK_HOME": str(tmp_path)})) == 3
    assert f'"arguments": ["server", "--homepath", "{tmp_path}/home"]' in (tmp_path / "out").read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """Serve a Grafana archive; return its URL and its bytes."""
    make_grafana(tmp_path / "made" / "grafana-v13.2.2")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(tmp_path / "made" / "grafana-v13.2.2", "grafana-v13.2.2")
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
