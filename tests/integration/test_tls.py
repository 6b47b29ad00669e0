"""Kafka with TLS and SCRAM, and InfluxDB over https, by certificates of the tests' own CA."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support import free_ports
from support.certificates import Authority
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, fintank, running_stack, start_fintank
from support.waiting import wait_until

from fintank.adapters import ports
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.services import programs
from fintank.services.supervisor import Supervisor
from fintank.services.templates import fill
from fintank.settings import host_and_port
from fintank.sink_url import SinkUrl

COMMAND_S = 60
"""How long a refused command may take on a busy machine; alone it takes up to 6 s."""
FLOW_S = 60
PASSWORD = 'p w"d\\é'


@dataclass(frozen=True)
class Secured:
    """A running stack, and the CA that signed the certificate in `keystore`."""

    stack: Stack
    authority: Authority
    keystore: Path


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with (
        tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        authority = Authority(Path(folder) / "ca")
        keystore = authority.sign("DNS:localhost")
        patch.setenv("FINTANK_KAFKA_CA", str(authority.ca))
        patch.setenv("FINTANK_KAFKA_KEYSTORE", str(keystore))
        patch.setenv("FINTANK_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        patch.setenv("FINTANK_KAFKA_USER", "trader")
        patch.setenv("FINTANK_KAFKA_PASSWORD", PASSWORD)
        with running_stack() as stack:
            yield Secured(stack, authority, keystore)


@contextmanager
def https_influxdb(secured: Secured, folder: Path) -> Iterator[SinkUrl]:
    """Run the InfluxDB of `make setup` with https on a free port."""
    port = free_ports.consecutive(1)
    text = fill("influxdb.conf", port=port, data=folder / "data", needs_login="false")
    https = f'https-enabled = true\nhttps-certificate = "{secured.keystore}"\n'
    file = folder / "influxdb.conf"
    file.write_text(text.replace("[http]\n", f"[http]\n{https}"))
    url = SinkUrl("influxdbs", f"localhost:{port}")
    influxd = programs.influxd(secured.stack.settings)
    with (
        (folder / "influxdb.log").open("w") as log,
        subprocess.Popen([influxd, "-config", file], stdout=log, stderr=log) as process,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SSL_CERT_FILE", str(secured.authority.ca))
        try:
            wait_until(InfluxDB(url).answers, FLOW_S)
            yield url
        finally:
            process.terminate()


def test_commands_speak_sasl_ssl(secured: Secured) -> None:
    properties = (secured.stack.settings.home / "run" / "server.properties").read_text()
    assert "BROKER:SASL_SSL" in properties
    fintank(secured.stack, "queue_ticks", "--count", "100", "--span", "1s")
    fintank(secured.stack, "queue_orders", "--count", "1")
    assert "VTI" in fintank(secured.stack, "show", "ticks", "--last", "100")


def test_each_fault_is_one_line_with_its_cure(secured: Secured, tmp_path: Path) -> None:
    stack = secured.stack
    port = host_and_port(stack.settings.kafka)[1]
    login = {"FINTANK_KAFKA_USER": "", "FINTANK_KAFKA_SASL_MECHANISM": ""}
    faults = {
        "no trusted CA has signed": {"FINTANK_KAFKA_CA": str(Authority(tmp_path / "other").ca)},
        "a certificate for another name": {"FINTANK_KAFKA": f"127.0.0.1:{port}"},
        "does not speak TLS": {"FINTANK_KAFKA": f"localhost:{port + 1}"},
        "check FINTANK_KAFKA_USER and FINTANK_KAFKA_PASSWORD": {"FINTANK_KAFKA_PASSWORD": "guess"},
        "check FINTANK_KAFKA_SASL_MECHANISM": {"FINTANK_KAFKA_SASL_MECHANISM": "PLAIN"},
        "speaks TLS, and this client does not": login | {"FINTANK_KAFKA_CA": ""},
        "listens but does not admit this client": login,
        "FINTANK_KAFKA_CA=/none can't be read": {"FINTANK_KAFKA_CA": "/none"},
    }
    commands = [
        (line, start_fintank(Stack(stack.settings, stack.environ | wrong), "topics"))
        for line, wrong in faults.items()
    ]
    for line, command in commands:
        output, errors = command.communicate(timeout=COMMAND_S)
        assert line in errors
        assert (command.returncode, output, errors.count("\n")) == (1, "", 1)


def test_the_real_influxdb_speaks_https(secured: Secured, tmp_path: Path) -> None:
    with https_influxdb(secured, tmp_path) as url:
        assert InfluxDB(url).prepare() == []
        assert InfluxDB(url).write("bid_ask,symbol=IVE bid=1 1") == []
        assert InfluxDB(url).rows("SELECT bid FROM bid_ask") == [[1, 1]]


@pytest.mark.soak
def test_ticks_and_an_order_reach_fills_and_a_refused_spout_tries_again(
    secured: Secured, jar: Path, tmp_path: Path
) -> None:
    stack = secured.stack
    with https_influxdb(secured, tmp_path) as url:
        settings = replace(stack.settings, sink=url)
        environ = stack.environ | {"FINTANK_SINK": str(url), "SSL_CERT_FILE": str(secured.authority.ca)}
        there = Stack(settings, environ)
        fintank(there, "queue_ticks", "--count", "1000", "--span", "1s")
        with order_flow(environ, tmp_path, jar) as flow:
            trade(there, flow, "before")
            good = secured.keystore.read_text()
            # With a certificate that has expired, a broker does not even start.
            restarted(there, secured.authority.sign("DNS:elsewhere").read_text(), secured.keystore)
            wait_until(lambda: "Kafka refuses this client, trying again" in flow.text(), FLOW_S, flow.text)
            lines = [line for line in flow.text().splitlines() if "refuses this client" in line]
            assert all("localhost" in line for line in lines)
            restarted(there, good, secured.keystore)
            trade(there, flow, "after")
            fintank(there, "reconcile")
            assert flow.end() == 0


def trade(stack: Stack, flow: OrderFlow, name: str) -> None:
    fintank(stack, "queue_ticks", "--count", "500", "--span", "1s")
    order = ("--symbol", "VTI", "--side", "BUY", "--qty", "1", "--id", name, "--wait", str(FLOW_S))
    assert "FILLED" in fintank(stack, "send_order", *order), flow.text()


def restarted(stack: Stack, certificate: str, keystore: Path) -> None:
    """Start the broker again with another certificate, and wait until it listens."""
    supervisor = Supervisor(stack.settings.home)
    supervisor._call("stopProcess", "kafka")
    keystore.write_text(certificate)
    supervisor.start_service("kafka")
    wait_until(lambda: ports.listens(stack.settings.kafka), FLOW_S)
