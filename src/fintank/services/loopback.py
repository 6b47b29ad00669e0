"""The jar that keeps a local Storm's ports on 127.0.0.1: src/clj/fintank/local/loopback.clj, compiled."""

import hashlib
import subprocess
import tempfile
import zipfile
from pathlib import Path

from fintank.errors import FintankError
from fintank.services import programs
from fintank.settings import PROJECT_ROOT, Settings

NAMESPACE = "fintank.local.loopback"
SOURCES = PROJECT_ROOT / "src" / "clj"
COMPILE_TIMEOUT_S = 120


def jar(settings: Settings) -> Path:
    """Find the jar of the source as it is, or make it, which takes seconds."""
    source = (SOURCES / "fintank" / "local" / "loopback.clj").read_bytes()
    digest = hashlib.sha256(source + programs.storm_class_path(settings).encode()).hexdigest()[:16]
    path = settings.programs / f"loopback-{digest}.jar"
    if not path.exists():
        for old in settings.programs.glob("loopback-*.jar"):
            old.unlink()
        _make(programs.storm_class_path(settings), path)
    return path


def _make(class_path: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        compile_it = f'(binding [*compile-path* "{folder}"] (compile (quote {NAMESPACE})))'
        command = [
            *programs.jvm(Path(folder)),
            "-cp",
            f"{SOURCES}:{folder}:{class_path}",
            "clojure.main",
            "-e",
            compile_it,
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
            env=programs.environ(),
        )
        if done.returncode != 0:
            output = " ".join(done.stderr.strip().splitlines()[-3:])
            raise FintankError(f"{NAMESPACE} can't be compiled: {output}")
        part = Path(folder) / "loopback.jar"
        classes = sorted(Path(folder).rglob("*.class"))
        with zipfile.ZipFile(part, "w") as archive:
            for one in classes:
                archive.write(one, one.relative_to(folder))
        part.rename(path)
