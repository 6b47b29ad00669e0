"""Downloading Grafana, verified against a pinned checksum."""

import hashlib
import platform
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import urllib3

from fintank.errors import FintankError

TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)
PART_BYTES = 1024 * 1024


class Archive(NamedTuple):
    """An archive's URL and sha256."""

    url: str
    sha256: str


VERSION = "13.2.2"
_URL = f"https://dl.grafana.com/grafana/release/{VERSION}/grafana_{VERSION}_34846740809_linux"
ARCHIVES = {
    "x86_64": Archive(
        f"{_URL}_amd64.tar.gz", "9662c838a09824fdb072e5f6fbdd45b62cf541b20f3d609ea5011e6e5f544c8f"
    ),
    "aarch64": Archive(
        f"{_URL}_arm64.tar.gz", "7268f9a576f919f14e6263b344a85b6ac8d768fbda247910c43ce4e12c747a72"
    ),
}


def installed(programs: Path) -> Path | None:
    """Return the home folder of a Grafana that was downloaded before, if any."""
    home = programs / f"grafana-{VERSION}"
    return home if (home / "bin" / "grafana").exists() else None


def install(
    programs: Path, show: Callable[[str], None], archive: Archive | None = None, machine: str | None = None
) -> Path:
    """Download and unpack Grafana, and return its home folder.

    FintankError if there is none for this machine, the download fails, or the checksum differs.
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
            # Python before 3.11.4 has no filters; the checksum has verified the content anyway.
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
    digest = hashlib.sha256()
    try:
        response = urllib3.request("GET", archive.url, timeout=TIMEOUT, retries=False, preload_content=False)
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
        raise FintankError(f"{archive.url} has an unexpected checksum: not installed")
