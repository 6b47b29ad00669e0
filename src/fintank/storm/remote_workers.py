"""Checks the machines of a cluster's workers over SSH, before anything is installed on them."""

import re
import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fintank.adapters import kafka_security
from fintank.errors import FintankError
from fintank.settings import PORTS, SINK_PORTS, parse_sink

with warnings.catch_warnings():
    # paramiko uses a cipher that cryptography is about to drop.
    warnings.filterwarnings("ignore", "TripleDES")
    import fabric.api
    import fabric.exceptions
    import fabric.network

ssh: Any = fabric.api

CONNECT_TIMEOUT_S = 10
PACKAGES = ("confluent-kafka", "kafka-python", "orjson", "simplejson", "streamparse", "urllib3")
"""What the Python bolts import; a worker's virtualenv must have these."""
PROBED_PORTS = {**SINK_PORTS, "postgres": SINK_PORTS["postgresql"]}
# Runs in the worker's own Python, without packages, and prints a line for each service it can't reach. The
# addresses follow settings.py: a Storm option wins over the environment, the environment over the default.
PROBE = f"""
import os, re, socket, ssl, sys
host, found = os.environ.get("FINTANK_HOST") or "localhost", os.environ.get
scheme, _, rest = (found("FINTANK_SINK") or "influxdb").partition("://")
at = rest.rpartition("@")[2].split("/")[0] or host
at += "" if re.search(":[0-9]+$", at) else ":%s" % {PROBED_PORTS}.get(scheme.lower(), 0)
if (scheme.lower(), rest) == ("influxdb", ""):
    at = found("FINTANK_INFLUX") or at
services = (
    ("Kafka", found("FINTANK_KAFKA") or host + ":{PORTS["kafka"]}"),
    ("The sink", at),
)
ca, protocol = found("FINTANK_KAFKA_CA"), found("FINTANK_KAFKA_SECURITY_PROTOCOL") or ""
if ca and not os.access(ca, os.R_OK):
    print("FINTANK_KAFKA_CA=%s can't be read there" % ca)
    services = ()
for option, (name, default) in zip(sys.argv[1:], services):
    address = option or default
    faults = []
    for one in address.split(","):
        host, _, port = one.rpartition(":")
        host = host.strip("[]")
        try:
            connection = socket.create_connection((host, int(port)), 3)
            if name == "Kafka" and (ca or protocol.endswith("SSL")):
                tls = ssl.create_default_context(cafile=ca or None)
                connection = tls.wrap_socket(connection, server_hostname=host)
            connection.close()
            break
        except OSError as error:
            faults.append(str(error))
    else:
        print("%s (%s) does not answer: %s" % (name, address, ", ".join(faults)))
"""


def check_requirements(paths: Sequence[Path]) -> None:
    """Raise FintankError if a requirements file of the workers is missing, or all lack a package."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise FintankError(f"{missing[0]} is missing: it lists what the workers' virtualenv needs")
    lines = [line.strip() for path in paths for line in path.read_text("utf-8").splitlines()]
    named = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}
    lacking = [package for package in PACKAGES if package not in named]
    if lacking:
        files = ", ".join(map(str, paths))
        raise FintankError(f"{files} lacks what the bolts import: add {', '.join(lacking)}")


def check(workers: Sequence[str], options: Mapping[str, Any]) -> None:
    """Raise FintankError if a worker refuses SSH, lacks a program or folder, or can't reach a service.

    `options` are the topology's, Storm's and streamparse's. streamparse must have set fabric's env.
    """
    faults = [fault for worker in workers for fault in _faults(worker, options)]
    if faults:
        raise FintankError("; ".join(faults))


def _faults(worker: str, options: Mapping[str, Any]) -> list[str]:
    command = "command -v virtualenv >/dev/null || echo 'virtualenv is not installed'; "
    if folder := options.get("pystorm.log.path"):
        command += f"test -d {shlex.quote(folder)} || echo 'the log folder {folder} does not exist'; "
    environment = options.get("topology.environment") or {}
    for name in environment.keys() & {*kafka_security.VARIABLES}:
        command += f"{name}={shlex.quote(str(environment[name]))} "
    command += f"python3 -c {shlex.quote(PROBE)}"
    sink = options.get("fintank.sink")
    address = parse_sink("fintank.sink", sink).address if sink else options.get("fintank.influx")
    command += f" {shlex.quote(options.get('fintank.kafka') or '')} {shlex.quote(address or '')}"
    connection = ssh.settings(
        ssh.hide("everything"),
        host_string=worker,
        abort_exception=FintankError,
        abort_on_prompts=True,
        connection_attempts=1,
        timeout=CONNECT_TIMEOUT_S,
        warn_only=False,
    )
    try:
        with connection:
            printed = str(ssh.run(command, pty=False))
    except (FintankError, fabric.exceptions.NetworkError) as error:
        reason = " ".join(str(error).split())
        return [
            f"Worker {worker} can't be reached over SSH ({reason}): check that `ssh {worker}` works with a "
            "key; host, port and key come from ~/.ssh/config"
        ]
    finally:
        with ssh.hide("status"):
            fabric.network.disconnect_all()
    return [f"Worker {worker}: {line.strip()}" for line in printed.splitlines() if line.strip()]
