"""`sparse submit` to a Storm cluster whose worker is reached over SSH: refused, running, killed."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.cluster import WORKER, Aim, kill_topology, sparse, ssh_worker
from support.order_reports import check_once, committed
from support.order_traffic import market_order, portfolio_orders, send, tick
from support.stack import Stack, fintank, query, run_fintank
from support.waiting import wait_until

from fintank.adapters import nimbus
from fintank.services import sink_servers, storm_cluster
from fintank.services.supervisor import Supervisor

SYMBOLS = ["VTI", "IVE", "IWS", "QQQ", "GLD"]
FLOW_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def worker(cluster: Stack) -> Iterator[Aim]:
    with (
        tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as folder,
        ssh_worker(cluster, Path(folder)) as aim,
    ):
        yield aim


def refused(aim: Aim, *arguments: str) -> str:
    """Run a `sparse submit` that must be refused before it builds anything; return its last line."""
    done = sparse(aim, "submit", *arguments)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert "Creating topology" not in done.stdout
    return done.stdout.strip().splitlines()[-1]


def changed(aim: Aim, folder: Path, **values: object) -> Aim:
    """Return an Aim with changed values in the environment of config.json."""
    config = json.loads(Path(aim.options[1]).read_text())
    config["envs"]["prod"].update(values)
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return Aim(aim.environ, ("--config", str(file)))


def test_a_submit_that_can_not_work_is_refused_in_one_line_before_anything_is_built(
    cluster: Stack, worker: Aim, tmp_path: Path
) -> None:
    assert "does not answer" in refused(changed(worker, tmp_path, nimbus="localhost:1"))
    assert "needs 9 slots, and 4 of 4 are free" in refused(worker, "-w", "9")
    empty = tmp_path / "requirements.txt"
    empty.write_text("streamparse\n")
    assert "add confluent-kafka, kafka-python, orjson" in refused(worker, "-r", str(empty))
    no_key = {**worker.environ, "HOME": str(tmp_path)}
    assert "can't be reached over SSH" in refused(Aim(no_key, worker.options))
    away = "fintank.sink=influxdb://localhost:1"
    assert f"Worker {WORKER}: The sink (localhost:1) does not answer" in refused(worker, "-o", away)
    no_logs = "pystorm.log.path=/none"
    assert "the log folder /none does not exist" in refused(worker, "-o", no_logs)
    assert nimbus.cluster(cluster.settings.nimbus).topologies == []


def test_the_order_flow_runs_in_the_workers_virtualenv_and_is_killed(
    cluster: Stack, worker: Aim, secrets: Path
) -> None:
    address = cluster.settings.kafka
    done = sparse(worker, "submit")
    assert done.returncode == 0, done.stdout[-2000:] + fintank(cluster, "logs", "order_flow")
    assert "order_flow runs: 18 executors in 2 workers" in done.stdout
    orders = portfolio_orders("submitted", SYMBOLS, 10)
    send(address, "ticks", "symbol", map(tick, SYMBOLS))
    send(address, "orders", "account", orders)
    send(address, "orders", "account", [market_order("submitted-1", "VTI")])
    count = sum(len(order["portfolio"]) for order in orders) + 1
    wait_until(
        lambda: stored_fills(cluster) == count, FLOW_TIMEOUT_S, lambda: fintank(cluster, "logs", "order_flow")
    )
    alone = [report for report in committed(address, "executions") if report["cl_ord_id"] == "submitted-1"]
    check_once(["submitted-1"], alone, committed(address, "fills"))
    assert "Clean: no break." in fintank(cluster, "reconcile")

    assert listening_hosts(cluster) == {"127.0.0.1", "::ffff:127.0.0.1"}

    assert "A topology order_flow is already running (ACTIVE" in refused(worker)
    assert "topology order_flow: ACTIVE" in fintank(cluster, "status")
    shown = json.loads(fintank(cluster, "topology", "--json"))
    engine = next(row for row in shown["components"] if row["component"] == "rule-engine")
    assert (len(engine["tasks"]), len(engine["workers"]), engine["failed"]) == (2, 2, 0)
    assert "ACTI" in sparse(worker, "list").stdout  # its table wraps words
    assert "adopted" in sparse(worker, "tail", "--pattern", "rule-engine").stdout
    assert sparse(worker, "remove_logs").returncode == 0
    shown_to_anybody = done.stdout + topology_conf(cluster)
    kill_topology(worker, cluster.settings.nimbus)
    logs = [*cluster.settings.home.rglob("*.log*"), *Path(worker.options[1]).parent.rglob("*.log*")]
    assert {"nimbus.log", "kafka.log", "worker.log", "worker.log.err"} <= {log.name for log in logs}
    texts = [shown_to_anybody, *(log.read_text(errors="replace") for log in logs)]
    for line in secrets.read_text().splitlines():
        if "PASSWORD" in line:
            assert not any(line.split("=")[1] in text for text in texts)


def test_kafka_and_influxdb_refuse_wrong_credentials(cluster: Stack) -> None:
    for service in ("KAFKA", "INFLUX"):
        wrong = {f"FINTANK_{service}_USER": "nobody", f"FINTANK_{service}_PASSWORD": "guess"}
        stranger = Stack(cluster.settings, {**cluster.environ, **wrong})
        done = run_fintank(stranger, "reconcile")
        assert done.returncode == 1
        assert re.search(rf"check .*\bFINTANK_{service}_USER\b", done.stderr), done.stderr


def listening_hosts(stack: Stack) -> set[str]:
    """Return the addresses on which the services and the workers listen."""
    services = Supervisor(stack.settings.home).states()
    others = {service.name for service in sink_servers.others(stack.settings)}
    assert {name for name, service in services.items() if not service["pid"]} == others
    processes = [psutil.Process(int(service["pid"])) for service in services.values() if service["pid"]]
    processes += storm_cluster.workers(stack.settings)
    connections = [one for process in processes for one in process.net_connections("tcp")]
    return {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}


def topology_conf(stack: Stack) -> str:
    """Return the topology's options as Nimbus reports them to anybody."""
    with nimbus.connect(stack.settings.nimbus) as client:
        storm_id = client.getClusterInfo().topologies[0].id
        return str(client.getTopologyConf(storm_id))


def stored_fills(stack: Stack) -> int:
    points = query(stack.settings, "SELECT count(exec_id) FROM fills")
    return int(str(points[0]["count"])) if points else 0
