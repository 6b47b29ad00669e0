"""The program `sparse`: streamparse's, pointed at the cluster of `invoke up --cluster` if that is up.

-e, --config or STREAMPARSE_NIMBUS choose another cluster.
"""

import atexit
import errno
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from fintank import output, settings
from fintank.adapters import nimbus
from fintank.errors import EXIT_INTERRUPTED, FintankError
from fintank.services import config_file, lifecycle, programs, storm_cluster
from fintank.settings import TOPOLOGY
from fintank.storm import kept_jar

# The commands that use a cluster; the values do the same on one without SSH and Storm UI.
CLUSTER_COMMANDS: Mapping[str, str] = {
    "submit": "",
    "list": "",
    "kill": "",
    "tail": f"`invoke logs {TOPOLOGY} --follow`",
    "remove_logs": "`rm -r` on the run's folder in .fintank/logs/workers",
    "update_virtualenv": "`make setup`: the bolts run in .venv",
    "worker_uptime": "`invoke topology`",
    "slot_usage": "`invoke topology`",
    "stats": "`invoke topology`",
}
RUN_HELP = "Run the topology on this machine, in Storm's local mode."
"""streamparse's own text asks for a jar that nothing here needs."""
CHOICES = ("-e", "--environment", "--config")


def main() -> None:
    """Run `sparse ARGUMENTS`; an error of the cluster ends it with one line and exit status 1."""
    output.prepare()
    warnings.filterwarnings("ignore", "TripleDES")
    warnings.filterwarnings("ignore", "pkg_resources")
    import requests
    from streamparse.cli import jar, run, sparse, submit, visualize
    from streamparse.cli import list as listing
    from thriftpy2.thrift import TException

    from fintank.storm import cluster_list, graph_picture

    try:
        loaded = settings.load()
        if sys.argv[1:2] and sys.argv[1] not in ("quickstart", "-h", "--help", "--version"):
            config_file.check(config_file.named(sys.argv[1:]))
        # To streamparse, a variable that is set to nothing names no Nimbus at all.
        if os.environ.get("STREAMPARSE_NIMBUS") == "":
            del os.environ["STREAMPARSE_NIMBUS"]
        chosen = os.environ.get("STREAMPARSE_NIMBUS")
        if chosen and not settings.is_host_or_address(chosen):
            raise FintankError(f"STREAMPARSE_NIMBUS={chosen!r} is not an address: write a host, or host:port")
        if sys.argv[1:2] in (["run"], ["submit"]):
            _keep_temporary_files_in(programs.temporary(loaded))
        local = storm_cluster.sparse_config(loaded) if lifecycle.has_cluster(loaded) else None
        run.__doc__ = RUN_HELP
        build = kept_jar.one_at_a_time
        run.jar_for_deploy = build(kept_jar.kept(jar.jar_for_deploy))  # type: ignore[attr-defined]
        submit.jar_for_deploy = build(jar.jar_for_deploy)  # type: ignore[attr-defined]
        listing.list_topologies = cluster_list.list_topologies
        visualize.visualize_topology = graph_picture.visualize_topology  # type: ignore[assignment]
        sys.argv[1:] = aimed(sys.argv[1:], local, os.environ)
        sparse.main()
    except FintankError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except requests.ConnectionError as error:
        sys.exit(f"Storm's UI does not answer: `invoke topology` queries Nimbus instead ({error})")
    except (TException, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC):
            raise  # of our own output: see there
        sys.exit(f"sparse {sys.argv[1]}: {nimbus.reason(error)}")


def _keep_temporary_files_in(temporary: Path) -> None:
    """Make streamparse write its temporary files below the home, and delete them at the end.

    streamparse passes their names to a shell unquoted, and the home's path may contain spaces: so the names
    go through /proc.
    """
    temporary.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix="sparse-", dir=temporary)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    folder = os.open(made, os.O_PATH | os.O_DIRECTORY)
    tempfile.tempdir = f"/proc/{os.getpid()}/fd/{folder}"


def aimed(arguments: Sequence[str], local: Path | None, environ: Mapping[str, str]) -> list[str]:
    """Return the arguments, with the local cluster's config.json added if none other is chosen."""
    name = arguments[0] if arguments else ""
    chosen = any(word.split("=")[0] in CHOICES for word in arguments) or environ.get("STREAMPARSE_NIMBUS")
    asks_help = {"-h", "--help"} & set(arguments)
    if name not in CLUSTER_COMMANDS or chosen or asks_help or local is None:
        return list(arguments)
    if CLUSTER_COMMANDS[name]:
        raise FintankError(
            f"`sparse {name}` needs SSH or Storm's UI, which the cluster of `invoke up --cluster` does not "
            f"have: use {CLUSTER_COMMANDS[name]}"
        )
    print(
        "Using the cluster of `invoke up --cluster`; -e prod uses the hosts of config.json.", file=sys.stderr
    )
    return [*arguments, "--config", str(local)]
