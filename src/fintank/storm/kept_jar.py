"""The jar of `sparse run`: built only when its sources have changed, as that takes longer than the start."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from fintank.settings import PROJECT_ROOT

STAMP = PROJECT_ROOT / "_build" / "sparse-run.stamp"
"""The digest of the sources, and the jar that was made of them. `lein clean` deletes it with the jar."""


def kept(build: Callable[..., str], root: Path = PROJECT_ROOT, stamp: Path = STAMP) -> Callable[..., str]:
    """Return a function like `build`, which returns the jar's path, but calls it only if it has to."""

    def jar(**options: bool) -> str:
        digest = _digest(root)
        if stamp.exists():
            of, _, made = stamp.read_text("utf-8").partition(" ")
            if of == digest and Path(made).is_file():
                print(f"Its sources are unchanged: {made}", flush=True)
                return made
        made = build(**options)
        stamp.write_text(f"{digest} {made}", "utf-8")
        return made

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
