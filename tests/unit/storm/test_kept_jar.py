import threading
import time
from pathlib import Path

import pytest

from fintank.storm.kept_jar import kept, one_at_a_time


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("project.clj", "src/clj/a.clj", "src/fintank/b.py", "topologies/t.clj"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


class Builder:
    """Counts the jars that it builds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.built = 0

    def build(self, **_: bool) -> str:
        self.built += 1
        jar = self.root / "fintank.jar"
        jar.write_text(f"{self.built}.jar")
        return str(jar)

    def jar(self) -> str:
        """Return what is in the jar; the one that was built may be gone then."""
        made = Path(kept(self.build, self.root, self.root / "kept")())
        (self.root / "fintank.jar").unlink(missing_ok=True)
        assert list((self.root / "kept").iterdir()) == [made]
        return made.read_text()


@pytest.fixture
def builder(root: Path) -> Builder:
    return Builder(root)


def test_a_jar_is_kept_while_its_sources_are_the_same(builder: Builder, root: Path) -> None:
    assert [builder.jar(), builder.jar()] == ["1.jar", "1.jar"]
    cache = root / "src" / "fintank" / "__pycache__"
    cache.mkdir()
    (cache / "b.pyc").write_text("x")
    assert builder.jar() == "1.jar"


@pytest.mark.parametrize("name", ["project.clj", "src/clj/a.clj", "src/fintank/b.py", "topologies/t.clj"])
def test_a_changed_new_moved_or_deleted_source_makes_a_new_jar(
    builder: Builder, root: Path, name: str
) -> None:
    builder.jar()
    (root / name).write_text(name.upper())
    assert builder.jar() == "2.jar"
    (root / name).with_name("new.clj").write_text("x")
    builder.jar()
    if name != "project.clj":
        assert builder.built == 3
        (root / name).rename((root / name).with_name("moved"))
        assert builder.jar() == "4.jar"
        (root / name).with_name("moved").unlink()
        assert builder.jar() == "5.jar"


def test_a_jar_that_is_gone_or_failed_is_built(builder: Builder, root: Path) -> None:
    builder.jar()
    (made,) = (root / "kept").iterdir()
    made.unlink()
    assert builder.jar() == "2.jar"

    def fails() -> str:
        raise RuntimeError

    (root / "project.clj").write_text("changed")
    with pytest.raises(RuntimeError):
        kept(fails, root, root / "kept")()
    assert builder.jar() == "3.jar"


def test_a_build_waits_for_another_one_of_the_project(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = list[str]()
    began = threading.Event()

    def slow() -> str:
        runs.append("first began")
        began.set()
        time.sleep(0.3)
        runs.append("first ended")
        return ""

    first = threading.Thread(target=one_at_a_time(slow, root))
    first.start()
    began.wait(10)
    one_at_a_time(lambda: runs.append("second") or "", root)()
    first.join()
    assert runs == ["first began", "first ended", "second"]
    assert capsys.readouterr().out == "Another `sparse` builds the jar: waiting for it ...\n"
