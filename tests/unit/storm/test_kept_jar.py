from pathlib import Path

import pytest

from fintank.storm.kept_jar import kept


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
        jar = self.root / f"{self.built}.jar"
        jar.touch()
        return str(jar)

    def jar(self) -> str:
        return Path(kept(self.build, self.root, self.root / "stamp")()).name


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
    (root / "1.jar").unlink()
    assert builder.jar() == "2.jar"

    def fails() -> str:
        raise RuntimeError

    (root / "project.clj").write_text("changed")
    with pytest.raises(RuntimeError):
        kept(fails, root, root / "stamp")()
    assert builder.jar() == "3.jar"
