"""Downloading Grafana into the folder of fintank's programs, checked against a checksum that stands here."""

import hashlib
import platform
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import urllib3

from fintank.errors import FintankError

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
PART_BYTES = 1024 * 1024


class Archive(NamedTuple):
    """Where an archive is, and the sha256 of all its bytes."""

    url: str
    sha256: str


VERSION = "11.0.0"
_URL = "https://dl.grafana.com/oss/release/grafana-{version}.linux-{machine}.tar.gz"
ARCHIVES = {
    "x86_64": Archive(
        _URL.format(version=VERSION, machine="amd64"),
        "97c70aa4fd11aa75bbb575d7d48764cb3a6c3356b53f34c7750c0dd7e006204d",
    ),
    "aarch64": Archive(
        _URL.format(version=VERSION, machine="arm64"),
        "24c05394013da1b35039102dd3950ae515b871920655d815d26c78c1f0f559bf",
    ),
}


def installed(programs: Path) -> Path | None:
    """Return the home folder of the Grafana that was downloaded before; None without one."""
    home = programs / f"grafana-{VERSION}"
    return home if (home / "bin" / "grafana").exists() else None


def install(
    programs: Path, show: Callable[[str], None], archive: Archive | None = None, machine: str | None = None
) -> Path:
    """Download and unpack Grafana; return its home folder.

    FintankError when there is none for this machine, it does not come, or it is not what it should be.
    """
    archive = archive or ARCHIVES.get(machine or platform.machine())
    if archive is None:
        raise FintankError(f"There is no Grafana to download for {machine or platform.machine()}")
    programs.mkdir(parents=True, exist_ok=True)
    packed, unpacked = programs / "grafana.part", programs / "grafana.unpacked"
    try:
        _fetch(archive, packed, show)
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(packed) as tar:
            # Before 3.11.4 Python has no filters. The archive is what its checksum says.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(unpacked)
    finally:
        packed.unlink(missing_ok=True)
    home = programs / f"grafana-{VERSION}"
    (folder,) = unpacked.iterdir()
    shutil.rmtree(home, ignore_errors=True)
    folder.rename(home)
    unpacked.rmdir()
    return home


def _fetch(archive: Archive, path: Path, show: Callable[[str], None]) -> None:
    timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
    digest = hashlib.sha256()
    try:
        response = urllib3.request("GET", archive.url, timeout=timeout, retries=False, preload_content=False)
        if response.status != 200:
            raise FintankError(f"{archive.url} answered {response.status}")
        total_mb = int(response.headers.get("Content-Length", 0)) / 1e6
        with path.open("wb") as file:
            for part in response.stream(PART_BYTES):
                file.write(part)
                digest.update(part)
                show(f"{file.tell() / 1e6:,.0f} of {total_mb:,.0f} MB of Grafana {VERSION}")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FintankError(f"{archive.url} does not answer") from error
    if digest.hexdigest() != archive.sha256:
        raise FintankError(f"{archive.url} is not what it was when its checksum was written here: not used")
