"""The programs that `make setup` installs: where they are, and how they are run."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fintank.errors import FintankError
from fintank.settings import Settings

OUTPUT_SHOWN_CHARS = 500


def environ() -> dict[str, str]:
    """Return the environment for a program: with the locale C, a JVM can't open a path that is not ASCII."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def run(
    command: Sequence[object], timeout_s: int, failure: str, folder: Path | None = None, given: str = ""
) -> str:
    """Run a program to its end and return its output; `given` is its input.

    FintankError, with `failure` and the end of its output, if it fails, takes too long or can't be started.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            input=given,
            cwd=folder,
            env=environ(),
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FintankError(f"{failure}: it was ended after {timeout_s} s") from None
    except OSError as error:
        raise FintankError(f"{failure}: {error.filename}: {error.strerror}") from error
    if done.returncode != 0:
        output = " ".join((done.stdout + done.stderr).split())
        raise FintankError(f"{failure}: {output[-OUTPUT_SHOWN_CHARS:] or f'status {done.returncode}'}")
    return done.stdout + done.stderr


def java() -> Path:
    """Return the `java` on PATH."""
    found = shutil.which("java")
    if found is None:
        raise FintankError("There is no java on PATH: run `make setup`.")
    return Path(found)


def jvm(temporary: Path) -> list[str]:
    """Return the start of a JVM's command, with its temporary files in a folder other than /tmp."""
    return [str(java()), "-XX:-UsePerfData", f"-Djava.io.tmpdir={temporary}"]


def temporary(settings: Settings) -> Path:
    """Return the home's folder for temporary files; the caller creates it."""
    return settings.home / "tmp"


def influxd(settings: Settings) -> Path:
    """Return the InfluxDB server that `make setup` unpacked, not one installed on the machine."""
    path = settings.programs / "influxdb" / "usr" / "bin" / "influxd"
    if not path.exists():
        raise FintankError(f"InfluxDB is not installed at {path}: run `make setup`.")
    return path


def postgresql(settings: Settings) -> Path:
    """Return the folder with PostgreSQL's server: that of Debian's packages, the newest version."""
    found = (settings.programs / "postgresql").glob("usr/lib/postgresql/*/bin/postgres")
    servers = sorted(found, key=lambda path: int(path.parent.parent.name))
    if not servers:
        raise FintankError("PostgreSQL is not installed: run `FINTANK_SINK=postgres make setup`.")
    return servers[-1].parent


def class_path(settings: Settings, name: str) -> str:
    """Return the class path of `kafka`, the broker, of `questdb`, or of `storm` without our own code."""
    path = settings.programs / f"{name}.classpath"
    if not path.exists():
        setup = "FINTANK_SINK=questdb make setup" if name == "questdb" else "make setup"
        raise FintankError(f"The class path {path} is missing: run `{setup}`.")
    return path.read_text("utf-8").strip()


def jars(settings: Settings, name: str) -> list[Path]:
    """Return the jars of a class path; FintankError if one is missing."""
    found = [Path(jar) for jar in class_path(settings, name).split(":")]
    missing = [jar for jar in found if not jar.exists()]
    if missing:
        raise FintankError(
            f"{len(missing)} jars of {name} are missing, such as {missing[0]}: run `make setup`."
        )
    return found


def jar_version(settings: Settings, name: str, jar: str) -> str | None:
    """Return the version of a jar in a class path, by its file name; None if it is not there."""
    found = re.search(rf"/{re.escape(jar)}-([\d.]+)\.jar", class_path(settings, name))
    return found[1] if found else None
