"""up, status, logs, down and reset as a user calls them, in the order of a service's life."""

import subprocess

import psutil
import pytest
from support import free_ports
from support.stack import BIN, Stack, run_fintank
from support.waiting import wait_until

from fintank.adapters import ports
from fintank.services import lifecycle
from fintank.services.supervisor import SOCKET, Supervisor
from fintank.settings import host_and_port

DEADLINE_S = 60


def wait_until_status_exits_with(stack: Stack, code: int) -> str:
    done = run_fintank(stack, "status")

    def exits_with_code() -> bool:
        nonlocal done
        done = run_fintank(stack, "status")
        return done.returncode == code

    wait_until(exits_with_code, DEADLINE_S, lambda: done.stdout + done.stderr)
    return done.stdout


def pid_of(stack: Stack, name: str) -> int:
    return int(Supervisor(stack.settings.home).states()[name]["pid"])


@pytest.fixture
def running(own_stack: Stack) -> Stack:
    done = run_fintank(own_stack, "up")
    assert done.returncode == 0, done.stdout + done.stderr
    return own_stack


def test_up_reports_that_each_service_answers(own_stack: Stack) -> None:
    done = run_fintank(own_stack, "up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"kafka answers at {own_stack.settings.kafka}." in done.stdout
    assert f"influxdb answers at {own_stack.settings.sink.address}." in done.stdout


def test_up_creates_the_database(running: Stack) -> None:
    port = str(host_and_port(running.settings.sink.address)[1])
    influx = BIN / "influx"
    shown = subprocess.run(
        [influx, "-port", port, "-execute", "show databases"], capture_output=True, text=True, check=True
    )
    assert "prices_development" in shown.stdout.splitlines()


def test_a_second_up_reports_that_everything_is_up(running: Stack) -> None:
    done = run_fintank(running, "up")
    assert (done.returncode, done.stdout[:11]) == (0, "Already up:")


def test_up_with_other_addresses_asks_for_down_first(running: Stack) -> None:
    port = free_ports.consecutive(2)
    environ = {**running.environ, "FINTANK_KAFKA": f"localhost:{port}"}
    done = run_fintank(Stack(running.settings, environ), "up")
    assert done.returncode == 1
    assert done.stderr == "kafka runs with different settings: run `invoke down` first.\n"


def test_every_port_is_bound_to_localhost_only(running: Stack) -> None:
    for name in ("kafka", "influxdb"):
        connections = psutil.Process(pid_of(running, name)).net_connections("tcp")
        hosts = {item.laddr.ip for item in connections if item.status == psutil.CONN_LISTEN}
        assert hosts <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_status_shows_a_table_of_the_running_services(running: Stack) -> None:
    shown = wait_until_status_exits_with(running, 0)
    for word in ("service", "state", "address", "since", "kafka", "influxdb", running.settings.kafka):
        assert word in shown


def test_logs_prints_the_log_of_a_service_and_lists_all_services_for_a_wrong_name(running: Stack) -> None:
    assert "Kafka Server started" in run_fintank(running, "logs", "kafka").stdout
    wrong = run_fintank(running, "logs", "storm")
    assert wrong.returncode == 1
    names = "kafka, influxdb, zookeeper, nimbus, supervisor-1, supervisor-2, supervisord, order_flow"
    assert wrong.stderr == f"There is no service 'storm': choose one of {names}.\n"


def test_a_killed_service_is_down_in_status_and_is_restarted(running: Stack) -> None:
    killed = pid_of(running, "kafka")
    psutil.Process(killed).kill()
    assert "up" not in wait_until_status_exits_with(running, 1).splitlines()[3].split()
    wait_until_status_exits_with(running, 0)
    assert pid_of(running, "kafka") != killed


def test_up_starts_a_service_that_supervisord_is_about_to_start_in_vain(running: Stack) -> None:
    supervisor = Supervisor(running.settings.home)
    (running.settings.home / "run" / "influxdb.conf").write_text("not toml")
    psutil.Process(pid_of(running, "influxdb")).kill()
    wait_until(lambda: supervisor.states()["influxdb"]["statename"] == "BACKOFF", DEADLINE_S)
    lifecycle.up(running.settings, print)  # at once: the state lasts for a second
    assert supervisor.states()["influxdb"]["statename"] in lifecycle.ALIVE


def test_reset_without_a_terminal_requires_yes(running: Stack) -> None:
    done = run_fintank(running, "reset")
    assert done.returncode == 1
    assert "--yes" in done.stderr
    assert (running.settings.home / "data" / "kafka").exists()


def test_down_leaves_no_process_and_no_port(running: Stack) -> None:
    pids = [pid_of(running, name) for name in ("kafka", "influxdb")]
    done = run_fintank(running, "down")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Stopped.")
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not ports.listens(running.settings.kafka)
    assert not ports.listens(running.settings.sink.address)
    assert not (running.settings.home / SOCKET).exists()


def test_a_service_that_exits_at_startup_is_named_with_the_end_of_its_log(own_stack: Stack) -> None:
    run_fintank(own_stack, "reset", "--yes")
    data = own_stack.settings.home / "data"
    (data / "influxdb").write_text("a file where InfluxDB wants a folder")
    done = run_fintank(own_stack, "up")
    assert done.returncode == 1
    log = own_stack.settings.home / "logs" / "influxdb.log"
    assert done.stderr == f"influxdb exited at startup; its log is {log}.\n"
    assert "not a directory" in done.stdout


def test_down_stops_services_whose_supervisord_was_killed(own_stack: Stack) -> None:
    kafka = psutil.Process(pid_of(own_stack, "kafka"))
    assert kafka.is_running()
    supervisord = kafka.parent()
    assert supervisord is not None
    supervisord.kill()
    psutil.wait_procs([supervisord], timeout=DEADLINE_S)
    assert run_fintank(own_stack, "up").stderr.endswith("): run `invoke down` first\n")
    # It needs none of the settings of the service: they may be others by now.
    own_stack.environ["FINTANK_KAFKA"] = "localhost:1,localhost:3"
    assert run_fintank(own_stack, "down").stdout == "Stopped.\n"
    own_stack.environ["FINTANK_KAFKA"] = own_stack.settings.kafka
    assert not kafka.is_running()


def test_reset_deletes_the_data(own_stack: Stack) -> None:
    done = run_fintank(own_stack, "reset", "--yes")
    assert done.returncode == 0, done.stderr
    assert list((own_stack.settings.home / "data").iterdir()) == []
