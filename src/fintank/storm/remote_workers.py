"""The machines of a cluster's workers, looked at over SSH before anything is installed on them."""

import re
import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fintank.errors import FintankError

with warnings.catch_warnings():
    # paramiko offers a cipher that cryptography is about to drop.
    warnings.filterwarnings("ignore", "TripleDES")
    import fabric.api
    import fabric.exceptions
    import fabric.network

ssh: Any = fabric.api

CONNECT_TIMEOUT_S = 10
PACKAGES = ("confluent-kafka", "kafka-python", "orjson", "simplejson", "streamparse", "urllib3")
"""What the Python bolts import; a worker's virtualenv must have it."""
# Run by the worker's own Python, without any package: it prints what it can't reach, a line each. The rule
# for the addresses is that of settings.py: Storm option > environment > localhost.
PROBE = """
import os, socket, sys
services = (("Kafka", "FINTANK_KAFKA", ":9092"), ("InfluxDB", "FINTANK_INFLUX", ":8086"))
for option, (name, variable, port) in zip(sys.argv[1:], services):
    default = (os.environ.get("FINTANK_HOST") or "localhost") + port
    address = option or os.environ.get(variable) or default
    faults = []
    for one in address.split(","):
        host, _, port = one.rpartition(":")
        try:
            socket.create_connection((host, int(port)), 3).close()
            break
        except OSError as error:
            faults.append(str(error))
    else:
        print("%s (%s) does not answer there: %s" % (name, address, ", ".join(faults)))
"""


def check_requirements(paths: Sequence[Path]) -> None:
    """Raise FintankError when the requirements of the workers' virtualenv are missing or lack a package."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise FintankError(f"{missing[0]} is missing: it says what the workers' virtualenv needs")
    lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
    named = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}
    lacking = [package for package in PACKAGES if package not in named]
    if lacking:
        files = ", ".join(map(str, paths))
        raise FintankError(f"{files} lacks what the bolts import: add {', '.join(lacking)}")


def check(workers: Sequence[str], options: Mapping[str, Any]) -> None:
    """Raise FintankError when a worker refuses SSH, lacks a program or folder, or can't reach a service.

    `options` are Storm's and streamparse's for the topology. streamparse must have set fabric's env.
    """
    faults = [fault for worker in workers for fault in _faults(worker, options)]
    if faults:
        raise FintankError("; ".join(faults))


def _faults(worker: str, options: Mapping[str, Any]) -> list[str]:
    command = "command -v virtualenv >/dev/null || echo 'virtualenv is not installed there'; "
    if folder := options.get("pystorm.log.path"):
        command += f"test -d {shlex.quote(folder)} || echo 'the folder of the logs, {folder}, is not there'; "
    command += f"python3 -c {shlex.quote(PROBE)}"
    for option in ("fintank.kafka", "fintank.influx"):
        command += " " + shlex.quote(options.get(option) or "")
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
            f"Worker {worker} takes no command over SSH ({reason}): see whether `ssh {worker}` works with a "
            "key; host, port and key come from ~/.ssh/config"
        ]
    finally:
        with ssh.hide("status"):
            fabric.network.disconnect_all()
    return [f"Worker {worker}: {line.strip()}" for line in printed.splitlines() if line.strip()]
