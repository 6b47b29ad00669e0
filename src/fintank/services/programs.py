"""Where the programs are that `make setup` installs; each is checked when it is asked for."""

import os
import shutil
from pathlib import Path

from fintank.errors import FintankError
from fintank.settings import Settings


def environ() -> dict[str, str]:
    """Return the environment of a program to start: a JVM finds no umlaut in a path where the locale is C."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def java() -> Path:
    """Find the `java` of PATH."""
    found = shutil.which("java")
    if found is None:
        raise FintankError("There is no java on PATH: run `make setup`.")
    return Path(found)


def jvm(temporary: Path) -> list[str]:
    """Begin the command of a JVM that writes its temporary files there; by itself it writes to /tmp."""
    return [str(java()), "-XX:-UsePerfData", f"-Djava.io.tmpdir={temporary}"]


def temporary(settings: Settings) -> Path:
    """Name the home's folder for temporary files; whoever starts something makes it."""
    return settings.home / "tmp"


def kafka_class_path(settings: Settings) -> str:
    """Read the class path of the Kafka broker: its jars, joined by colons."""
    return _class_path(settings.programs / "kafka.classpath")


def storm_class_path(settings: Settings) -> str:
    """Read the class path of Storm itself: its jars without the project's own code, joined by colons."""
    return _class_path(settings.programs / "storm.classpath")


def influxd(settings: Settings) -> Path:
    """Find the InfluxDB server that is unpacked beside, not the machine's own."""
    path = settings.programs / "influxdb" / "usr" / "bin" / "influxd"
    if not path.exists():
        raise FintankError(f"InfluxDB is not installed at {path}: run `make setup`.")
    return path


def _class_path(path: Path) -> str:
    if not path.exists():
        raise FintankError(f"The class path {path} is missing: run `make setup`.")
    return path.read_text().strip()
