"""A TOML file that can't be used is one line."""

from pathlib import Path

import pytest

from fintank import toml_file
from fintank.errors import FintankError


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("\ufeffx = 1\r\n")
    assert toml_file.parsed(toml_file.text(file, "the cure"), "a.toml") == {"x": 1}


def test_a_file_that_can_not_be_read_is_named_with_the_reason_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "latin-1").write_bytes(b"\xfc")
    reasons = {"none": "No such file or directory", "": "not a file", "latin-1": "'utf-8' codec can't .*"}
    for name, reason in reasons.items():
        file = tmp_path / name
        with pytest.raises(FintankError, match=rf"^{file} can't be read \({reason}\): the cure$"):
            toml_file.text(file, "the cure")


@pytest.mark.parametrize("content", ["x: 1", "x = 1\nx = 2", f"x = {'[' * 10_000}", f"x = {'9' * 5_000}"])
def test_text_that_is_no_toml_is_named(content: str) -> None:
    with pytest.raises(FintankError, match=r"^a\.toml is not valid TOML: .*$"):
        toml_file.parsed(content, "a.toml")
