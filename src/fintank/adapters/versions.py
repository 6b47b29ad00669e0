"""The versions of what a decision depends on beside the rules."""

import zoneinfo
from importlib import metadata
from pathlib import Path


def tzdata() -> str:
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
