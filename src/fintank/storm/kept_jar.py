"""The jar of `sparse run`: built only when its sources have changed, as that takes longer than the start."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from fintank.services.folder_lock import locked
from fintank.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / ".fintank" / "jar"
"""Holds the last jar, named after the digest of its sources. `sparse submit`, which cleans up, leaves it."""

Build = Callable[..., str]


def kept(build: Build, root: Path = PROJECT_ROOT, folder: Path = FOLDER) -> Build:
    """Return a function like `build`, which returns the jar's path, but calls it only if it has to."""

    def jar(**options: bool) -> str:
        path = folder / f"{_digest(root)}.jar"
        if path.is_file():
            print(f"Its sources are unchanged: {path}", flush=True)
            return str(path)
        made = build(**options)
        folder.mkdir(parents=True, exist_ok=True)
        others = list(folder.iterdir())
        part = path.with_suffix(".part")
        shutil.copyfile(made, part)
        part.rename(path)
        for other in others:
            other.unlink(missing_ok=True)
        return str(path)

    return jar


def one_at_a_time(build: Build, root: Path = PROJECT_ROOT) -> Build:
    """Return a function like `build` that waits while another process builds the project: each cleans up."""

    def jar(**options: bool) -> str:
        with locked(root, lambda: print("Another `sparse` builds the jar: waiting for it ...", flush=True)):
            return build(**options)

    return jar


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for file in _sources(root):
        found.update(f"{file.relative_to(root)} {file.stat().st_size}\n".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    """Yield what the jar is made of; streamparse packs all of src into it."""
    yield root / "project.clj"
    for folder in ("src", "topologies"):
        files = (file for file in (root / folder).rglob("*") if file.is_file())
        yield from sorted(file for file in files if "__pycache__" not in file.parts)
