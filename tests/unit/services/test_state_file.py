import resource
from pathlib import Path

import pytest

from fintank.errors import FintankError
from fintank.services import state_file


def test_a_file_is_its_owners_only_and_replaces_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "run" / "user"
    state_file.write(file, "ü")
    file.chmod(0o644)
    state_file.write(file, "ö")
    assert (file.read_text("utf-8"), file.stat().st_mode & 0o777) == ("ö", 0o600)
    assert [entry.name for entry in file.parent.iterdir()] == ["user"]


def test_a_write_that_fails_leaves_the_file_before_it(tmp_path: Path) -> None:
    file = tmp_path / "brokers"
    state_file.write(file, "3")
    with pytest.raises(UnicodeEncodeError):
        state_file.write(file, "\udcff")
    assert file.read_text("utf-8") == "3"
    state_file.write(file, "1")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("brokers", "1")]


def test_a_full_disk_and_a_wrong_folder_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(FintankError, match=r"^.*/a file/run/user can't be written: Not a directory$"):
        state_file.write(tmp_path / "a file" / "run" / "user", "x")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(FintankError, match=r"^.*/user can't be written: File too large$"):
            state_file.write(tmp_path / "user", "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
