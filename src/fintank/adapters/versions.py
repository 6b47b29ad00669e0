"""The versions of what a decision depends on besides the rules."""

import zoneinfo
from importlib import metadata
from pathlib import Path

import fintank


def used() -> tuple[str, str]:
    """Return the version of fintank, and that of the time zones."""
    return fintank.__version__, _tzdata()


def _tzdata() -> str:
    """Return the version of the time zones that zoneinfo reads: the system's, else that of the package."""
    for folder in zoneinfo.TZPATH:
        table = Path(folder) / "tzdata.zi"
        if table.is_file():
            with table.open() as lines:
                return lines.readline().removeprefix("# version ").strip()
    try:
        return metadata.version("tzdata")
    except metadata.PackageNotFoundError:
        return "unknown"
