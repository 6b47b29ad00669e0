"""The same job on other frameworks, on the same ticks: .venv/bin/python bench/peer_runs.py

Each peer is a file in bench/peers/ with a virtualenv of its own, made when it is first needed. In each round
new services get the ticks, then the topology and the peers process them one after the other, each into a
database of its own. A figure counts only if that database holds every tick.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import bars
import pipeline
import runs
from support.order_flow import build_jar, order_flow
from support.stack import Stack, query, stopped_stack

from fintank.services import lifecycle
from fintank.settings import PROJECT_ROOT

LOOPS = Path(__file__).parent / "peers"
VIRTUALENVS = PROJECT_ROOT / ".fintank" / "peers"
JOB = ("orjson==3.13.0", "urllib3==2.8.0")
FLINK_CONNECTOR = "org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2"
ORIGINAL_TICKS_MAX = 20_000
POLL_SECONDS = 0.05
SECONDS_MAX = 300
INSTALL_SECONDS_MAX = 600
Figures = dict[str, float]


class Peer(NamedTuple):
    """A loop, what its virtualenv needs besides JOB (if it has its own), and the most ticks it gets."""

    file: str
    requirements: tuple[str, ...] = ()
    ticks_max: int | None = None

    @property
    def virtualenv(self) -> Path:
        return VIRTUALENVS / self.file if self.requirements else Path(sys.prefix)

    @property
    def python(self) -> Path:
        return self.virtualenv / "bin" / "python"


PEERS = {
    "plain loop": Peer("plain_loop"),
    "plain loop, pipelined": Peer("pipelined_loop"),
    "bytewax": Peer("bytewax_flow", ("bytewax==0.21.1", "confluent-kafka==2.16.1")),
    "Quix Streams": Peer("quixstreams_app", ("quixstreams==3.28.1",)),
    "Faust": Peer("faust_app", ("faust-streaming==0.15.3",)),
    "PyFlink": Peer("pyflink_job", ("apache-flink==2.3.0", "setuptools<81")),
    "a tuple and a write a tick": Peer("original_shape", ticks_max=ORIGINAL_TICKS_MAX),
}
BASE = "plain loop"
OURS = "fintank"


def main() -> None:
    """Measure, print, and write bench/results/."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=600_000, help="number of ticks (default: 600000)")
    parser.add_argument("--times", type=int, default=3, help="number of rounds (default: 3)")
    given = parser.parse_args()
    runs.end_when_told()
    build_jar()
    peers = {name: peer for name, peer in PEERS.items() if installed(name, peer)}
    load = f"{given.ticks:,} ticks of {pipeline.SYMBOLS} symbols in 4 partitions, {given.times} rounds"
    runs.describe(load)
    results: dict[str, list[Figures]] = {}
    for number in range(given.times):
        for name, figures in measured_round(peers, given.ticks):
            results.setdefault(name, []).append(figures)
            warm, all_us, memory = (figures[key] for key in ("warm", "all", "megabytes"))
            print(f"{number + 1} {name:<28}{warm:>9,.0f}/s {all_us:6.1f} us {memory:6.0f} MB", flush=True)
        file = runs.save("peers", load, {"ratios": ratios(results), "runs": results})
    bars.draw(
        file.with_suffix(".svg"), {name: median(found, "warm") for name, found in results.items()}, load
    )
    print()
    print(table(results))
    print(f"\nwritten to {file} and {file.with_suffix('.svg')}")


def measured_round(peers: dict[str, Peer], ticks: int) -> Iterator[tuple[str, Figures]]:
    """Yield the figures of the topology and of each peer, with the same services and ticks."""
    with (
        tempfile.TemporaryDirectory(prefix="fintank-bench-") as home,
        stopped_stack(home) as stack,
    ):
        lifecycle.up(stack.settings, lambda _: None)
        sent = pipeline.queue(stack, ticks)
        with order_flow(stack.environ, Path(home)) as flow:
            yield OURS, pipeline.measure(stack, flow, sent)
        for name, peer in peers.items():
            try:
                yield name, measure(stack, peer, min(sent, peer.ticks_max or sent), Path(home))
            except RuntimeError as error:
                print(f"{name} is left out: {error}", flush=True)


def measure(stack: Stack, peer: Peer, ticks: int, home: Path) -> Figures:
    """Run a peer until it has written all ticks; RuntimeError if it does not, or if some are not stored."""
    query(stack.settings, f'CREATE DATABASE "{peer.file}"')
    progress, log = home / f"{peer.file}.progress", home / f"{peer.file}.log"
    progress.touch()
    environ = {
        **os.environ,
        "BENCH_KAFKA": stack.settings.kafka,
        "BENCH_INFLUXDB": stack.settings.sink.address,
        "BENCH_DATABASE": peer.file,
        "BENCH_TICKS": str(ticks),
        "BENCH_PROGRESS": str(progress),
        "BENCH_FOLDER": str(home / peer.file),
        "BENCH_FLINK_KAFKA_JAR": str(flink_connector()),
        "PATH": f"{peer.python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    with log.open("wb") as output:
        command = [peer.python, LOOPS / f"{peer.file}.py"]
        process = subprocess.Popen(command, env=environ, cwd=home, stdout=output, stderr=subprocess.STDOUT)
    own = psutil.Process(process.pid)
    started = time.monotonic()
    first, before, written = (0.0, 0), dict[str, float](), 0
    try:
        with runs.PeakMemory(own) as memory:
            while written < ticks:
                time.sleep(POLL_SECONDS)
                now = time.monotonic() - started
                written = sum(map(int, progress.read_text().splitlines()))
                if not first[1] and written:
                    first, before = (now, written), cpu(stack, own)
                if written < ticks and (process.poll() is not None or now > SECONDS_MAX):
                    last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
                    raise RuntimeError(f"{written:,} of {ticks:,} ticks after {now:.0f} s: {last[:200]}")
            after = cpu(stack, own)
    finally:
        end(own)
    text = f'SELECT count(bid) FROM "{peer.file}".autogen.bid_ask'
    stored = int(str(query(stack.settings, text)[0]["count"]))
    if stored != ticks:
        raise RuntimeError(f"{stored:,} points of {ticks:,} ticks")
    warm = ticks - first[1]
    figures = {"cold": ticks / now, "warm": warm / (now - first[0]), "megabytes": memory.megabytes}
    return figures | {name: (after[name] - before[name]) * 1_000_000 / warm for name in after}


def cpu(stack: Stack, peer: psutil.Process) -> Figures:
    """Return the CPU seconds of the broker, the database and the peer."""
    found = pipeline.services_cpu(stack) | {"peer": runs.cpu_seconds([peer])}
    return found | {"all": sum(found.values())}


def end(process: psutil.Process) -> None:
    """End a process and its children."""
    try:
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for one in family:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def installed(name: str, peer: Peer) -> bool:
    """Make the virtualenv of a peer unless it is there; say in one line why it can't be."""
    stamp = peer.virtualenv / "requirements"
    wanted = "\n".join((*JOB, *peer.requirements))
    if not peer.requirements or (stamp.exists() and stamp.read_text() == wanted):
        return True
    print(f"Installing {name} ...", flush=True)
    try:
        _run(sys.executable, "-m", "venv", "--clear", str(peer.virtualenv))
        _run(str(peer.python), "-m", "pip", "install", "--quiet", *JOB, *peer.requirements)
        if peer.file == "pyflink_job":
            _run("mvn", "--quiet", "dependency:get", f"-Dartifact={FLINK_CONNECTOR}", "-Dtransitive=false")
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or str(error)
        print(f"{name} is left out, as it can't be installed: {output.strip().splitlines()[-1]}")
        return False
    stamp.write_text(wanted)
    return True


def flink_connector() -> Path:
    """Return where Maven puts Flink's connector to Kafka."""
    group, name, version = FLINK_CONNECTOR.split(":")
    repository = Path.home() / ".m2" / "repository" / group.replace(".", "/")
    return repository / name / version / f"{name}-{version}.jar"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX)


def median(found: list[Figures], name: str) -> float:
    """Return the median of a figure."""
    return statistics.median(figures[name] for figures in found)


def ratios(results: dict[str, list[Figures]]) -> dict[str, float]:
    """Return each one's ticks a second as a ratio to the plain loop of the same round, the median."""
    base = results.get(BASE, [])
    return {
        name: round(statistics.median(a["warm"] / b["warm"] for a, b in zip(found, base, strict=False)), 2)
        for name, found in results.items()
        if base
    }


def table(results: dict[str, list[Figures]]) -> str:
    """Write the results as a table of Markdown."""
    ratio = ratios(results)
    rows = ["| | ticks/s | to the plain loop | CPU per tick, us | peak memory, MB |", "|---|---|---|---|---|"]
    for name, found in results.items():
        warm = runs.median_and_range([one["warm"] for one in found])
        all_us = runs.median_and_range([one["all"] for one in found], 1)
        megabytes = f"{median(found, 'megabytes'):,.0f}"
        rows.append(f"| {name} | {warm} | {ratio.get(name, '')} | {all_us} | {megabytes} |")
    return "\n".join(rows)


if __name__ == "__main__":
    os.environ.setdefault("LEIN_ROOT", "1")
    main()
