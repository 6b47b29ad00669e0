"""The cookbook's names, sources, secrets and addresses, and the renderer that stands in for Chef."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlparse

import pytest
from supervisor.options import ServerOptions
from support.cookbook import COOKBOOK, run_render

from fintank.settings import PROJECT_ROOT

VAGRANTFILE = (PROJECT_ROOT / "Vagrantfile").read_text()
VM_PAGE = (PROJECT_ROOT / "docs" / "vm.md").read_text()
# Apache's, Grafana's; Debian's come through apt. The last two are the exceptions of docs/decisions.md.
HOSTS = {
    *("dlcdn.apache.org", "downloads.apache.org", "archive.apache.org", "apt.grafana.com"),
    *("github.com", "omnitruck.cinc.sh"),
}
# Nobody but their daemons and other daemons asks these, so docs/vm.md does not list them.
INNER_PORTS = {"supervisor", "slots", "kafka_controller"}
NOT_IN_THE_VM = {"questdb", "questdb_postgresql", "postgresql"}
SECRET_BITS = 0o077


@pytest.mark.parametrize(
    ("file", "right", "wrong", "error"),
    [
        ("recipes/machine.rb", "mode '0600'", "mod '0600'", "file has no property mod"),
        ("recipes/kafka.rb", "template '/etc", "templet '/etc", "no resource templet"),
        ("recipes/influxdb.rb", "%i[stop disable]", "%i[stop disabled]", "service has no action disabled"),
        ("recipes/kafka.rb", "host: node", "hots: node", "server.properties.erb wants"),
        ("recipes/kafka.rb", 'broker "', 'borker "', "fintank_topic has no property borker"),
        ("recipes/storm.rb", "  user 'storm'\n", "", "fintank_daemon needs user"),
        ("recipes/kafka.rb", "partitions topic['partitions']", "partitions '4'", "partitions is a String"),
        ("recipes/default.rb", "fintank::kafka'", "fintank::kafak'", "no recipe fintank::kafak"),
        ("resources/topic.rb", "unified_mode true\n", "", "no unified_mode"),
        (
            "attributes/default.rb",
            "['storm']['sha512'] = nil",
            "['storm']['sha512'] = 'abc'",
            "sha512 is abc",
        ),
    ],
)
def test_the_renderer_finds_mistakes(tmp_path, file, right, wrong, error):
    copy = tmp_path / "fintank"
    shutil.copytree(COOKBOOK, copy)
    text = (copy / file).read_text()
    assert right in text
    (copy / file).write_text(text.replace(right, wrong))
    done = run_render(tmp_path / "root", copy)
    assert done.returncode != 0
    assert error in done.stderr


def test_the_run_list_exists():
    (path,) = re.findall(r"chef\.cookbooks_path = '(.*)'", VAGRANTFILE)
    recipes = re.findall(r"chef\.add_recipe '(.*)'", VAGRANTFILE)
    assert recipes
    for recipe in recipes:
        cookbook, _, name = recipe.partition("::")
        assert (PROJECT_ROOT / path / cookbook / "recipes" / f"{name or 'default'}.rb").is_file()


def test_the_vagrantfile_and_the_cookbook_agree(machine):
    assert f"ADDRESS = '{machine.node['address']}'" in VAGRANTFILE
    assert f"HOST = '{machine.node['host']}'" in VAGRANTFILE
    assert f"{machine.node['address']} {machine.node['host']}\n" in machine.text("/etc/hosts")
    assert f"{machine.node['address']} {machine.node['host']}" in VM_PAGE
    assert f"* {machine.node['network']}" in VM_PAGE


def test_the_inspec_profile_agrees(machine):
    profile = (PROJECT_ROOT / "tests" / "vm" / "inspec" / "controls" / "fintank.rb").read_text()
    ports = json.loads(re.search(r"^ports = (\[.*\])$", profile, re.MULTILINE)[1])
    assert sorted(ports) == sorted(
        port for name, port in machine.node["ports"].items() if name not in INNER_PORTS | NOT_IN_THE_VM
    )
    daemons = re.search(r"^daemons = %w\[(.*?)\]$", profile, re.MULTILINE | re.DOTALL)[1].split()
    assert sorted(daemons) == sorted(one["name"] for one in machine.of_type("fintank_daemon"))
    topics = json.loads(
        re.search(r"^topics = (\{.*?\})$", profile, re.MULTILINE | re.DOTALL)[1]
        .replace("'", '"')
        .replace("=>", ":")
    )
    assert topics == {name: topic["partitions"] for name, topic in machine.node["kafka"]["topics"].items()}
    assert f"address = '{machine.node['address']}'" in profile


def test_every_notified_resource_exists(machine):
    names = {f"{one['type']}[{one['name']}]" for one in machine.resources}
    notifications = [note for one in machine.resources for note in one["properties"].get("notifies", [])]
    assert notifications
    assert {note["target"] for note in notifications} <= names


def test_all_downloads_are_over_https_from_known_hosts(machine):
    sources = re.findall(r"https?://[\w./-]+", VAGRANTFILE)
    for one in machine.of_type("remote_file", "apt_repository"):
        source = one["properties"].get("source") or one["properties"]["uri"]
        sources += [source] if isinstance(source, str) else source
    assert len(sources) > 5
    for source in sources:
        url = urlparse(source)
        assert (url.scheme, url.hostname in HOSTS) == ("https", True), source


def test_every_download_has_a_checksum(machine):
    for name in ("zookeeper", "storm", "kafka", "kafdrop"):
        sha512 = machine.node[name]["sha512"]
        assert sha512 is None or re.fullmatch("[0-9a-f]{128}", sha512)
    unchecked = {one["name"] for one in machine.of_type("remote_file") if "verify" not in one["checks"]}
    # Checksums themselves, the key that verifies the archive's signature, and docs/limitations.md.
    assert {re.sub(r".*\.sha512$", "sums", name) for name in unchecked} == {
        *("sums", "/etc/apt/keyrings/grafana.asc"),
        f"/opt/kafdrop-{machine.node['kafdrop']['version']}/kafdrop.jar",
    }


def test_passwords_are_only_in_files_of_root_and_new_each_time(machine, render):
    secrets = [
        re.findall(r'"(\w{32})"', rendered.text("/etc/fintank/credentials.json"))
        for rendered in (machine, render())
    ]
    assert [len(each) for each in secrets] == [4, 4]
    assert len({*secrets[0], *secrets[1]}) == 8
    holders = [
        path
        for path in machine.root.rglob("*")
        if path.is_file() and any(secret in path.read_text() for secret in secrets[0])
    ]
    assert {path.name for path in holders} == {"credentials.json", "grafana.conf", "storm-supervisor.conf"}
    assert all(not path.stat().st_mode & SECRET_BITS for path in holders)
    shown = [one for one in machine.of_type("file", "template") if not one["properties"].get("sensitive")]
    assert not any(secret in str(shown) for secret in secrets[0])


def test_each_daemon_has_a_user_of_its_own_without_login(machine):
    daemons = {one["name"]: one["properties"] for one in machine.of_type("fintank_daemon")}
    assert set(daemons) == {
        *("zookeeper", "kafka", "kafdrop", "influxdb", "grafana"),
        *(f"storm-{name}" for name in ("nimbus", "supervisor", "ui", "logviewer", "drpc")),
    }
    assert {name.partition("-")[0] for name in daemons} == {daemon["user"] for daemon in daemons.values()}
    made = {one["name"]: one["properties"] for one in machine.of_type("user")}
    packaged = {"influxdb", "grafana"}
    assert {daemon["user"] for daemon in daemons.values()} == set(made) | packaged
    assert {user["shell"] for user in made.values()} == {"/usr/sbin/nologin"}


def test_every_jvm_has_a_memory_limit(machine):
    heap_mb = machine.node["heap_mb"]
    commands = {one["name"]: one["properties"]["command"] for one in machine.of_type("fintank_daemon")}
    assert all(f"-Xmx{heap_mb[name]}m" in commands[name] for name in ("zookeeper", "kafka", "kafdrop"))
    memory_mb = int(re.search(r"FINTANK_VM_MEMORY_MB', '(\d+)'", VAGRANTFILE)[1])
    assert sum(heap_mb.values()) < memory_mb * 0.6


def test_supervisord_accepts_its_programs(machine, tmp_path):
    programs = tmp_path / "programs"
    shutil.copytree(machine.path("/etc/supervisor/conf.d"), programs)
    (tmp_path / "log").mkdir()
    for path in programs.iterdir():
        # Their users do not exist on this machine.
        text = re.sub(r"^user=.*\n", "", path.read_text(), flags=re.MULTILINE)
        path.write_text(
            text.replace("/var/log/fintank", str(tmp_path / "log")).replace("/var/lib", str(tmp_path))
        )
    configuration = tmp_path / "supervisord.conf"
    configuration.write_text(f"[supervisord]\nnodaemon=true\n[include]\nfiles={programs}/*.conf\n")
    options = ServerOptions()
    options.realize(["-c", str(configuration)])
    read = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert set(read) == {one["name"] for one in machine.of_type("fintank_daemon")}
    for process in read.values():
        assert (process.autostart, process.redirect_stderr, bool(process.autorestart)) == (True, True, True)
        assert process.stdout_logfile_maxbytes == 10 * 1024 * 1024
    assert read["storm-supervisor"].environment["FINTANK_HOST"] == machine.node["host"]
    assert len(read["storm-supervisor"].environment["FINTANK_INFLUX_PASSWORD"]) == 32


def test_the_page_lists_every_port_once(machine):
    table = VM_PAGE[VM_PAGE.index("| service | port |") :].split("\n\n")[0]
    documented = [
        int(port) for line in table.splitlines()[2:] for port in re.findall(r"\b\d{4}\b", line.split("|")[2])
    ]
    ports = {name: port for name, port in machine.node["ports"].items() if name not in NOT_IN_THE_VM}
    assert sorted(documented) == sorted(port for name, port in ports.items() if name not in INNER_PORTS)
    everything = [port for one in ports.values() for port in (one if isinstance(one, list) else [one])]
    assert len(everything) == len(set(everything))


def test_ports_are_reachable_only_from_the_machine_and_its_network(machine):
    rules = [line.strip() for line in machine.text("/etc/nftables.conf").splitlines()]
    network = machine.node["network"]
    assert "type filter hook input priority filter; policy drop;" in rules
    accepted = {rule for rule in rules if rule.endswith("accept")}
    assert accepted == {
        'iifname "lo" accept',
        "ct state established,related accept",
        f"ip saddr {network} ip daddr {network} accept",
        *("tcp dport 22 accept", "udp dport 68 accept", "meta l4proto { icmp, ipv6-icmp } accept"),
    }
    done = subprocess.run(
        ["nft", "--check", "--file", str(machine.path("/etc/nftables.conf"))],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
    )
    assert done.returncode == 0, done.stderr


def test_a_command_shows_the_passwords(machine, tmp_path):
    program = Path(machine.path("/usr/local/sbin/fintank-credentials"))
    assert program.stat().st_mode & 0o111
    copy = tmp_path / "program"
    credentials = machine.path("/etc/fintank/credentials.json")
    copy.write_text(program.read_text().replace("/etc/fintank/credentials.json", str(credentials)))
    done = subprocess.run(["python3", str(copy)], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.count("\n") == 4
    assert "Grafana, user admin" in done.stdout
