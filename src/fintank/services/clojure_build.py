"""Runs Clojure code of the project in a JVM and keeps its output until the sources change."""

import contextlib
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fintank.services import programs
from fintank.settings import PROJECT_ROOT, Settings

SOURCES = PROJECT_ROOT / "src" / "clj"
TOPOLOGIES = PROJECT_ROOT / "topologies"
TIMEOUT_S = 120


def built(
    settings: Settings,
    name: str,
    sources: Sequence[Path],
    arguments: Callable[[Path], Sequence[object]],
    given: str = "",
) -> Path:
    """Return the folder with the output of clojure.main; run it, in seconds, if the sources have changed.

    `arguments` returns clojure.main's arguments that write the output into a given folder, `given` is what
    the output depends on besides the sources.
    """
    class_path = programs.class_path(settings, "storm")
    digest = hashlib.sha256(f"{class_path}{given}".encode())
    for source in sources:
        digest.update(source.read_bytes())
    folder = settings.programs / "clojure" / f"{name}-{digest.hexdigest()[:16]}"
    if folder.exists():
        return folder
    sys.stderr.write(f"Building {name} from its Clojure sources ...\n")
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        output = Path(temporary) / name
        output.mkdir()
        class_path = f"{SOURCES}:{TOPOLOGIES}:{output}:{class_path}"
        command = [*programs.jvm(Path(temporary)), "-cp", class_path, "clojure.main", *arguments(output)]
        programs.run(command, TIMEOUT_S, f"{name} can't be built from its Clojure sources")
        for outdated in folder.parent.glob(f"{name}-*"):
            shutil.rmtree(outdated, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process was faster
            output.rename(folder)
    return folder
