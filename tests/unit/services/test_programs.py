"""A program that fails is one line."""

import pytest

from fintank.errors import FintankError
from fintank.services import programs


def test_a_program_gets_its_input_and_returns_what_it_prints() -> None:
    assert programs.run(["cat"], 60, "it failed", given="zwölf") == "zwölf"
    assert programs.run(["printf", r"\377"], 60, "it failed") == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["sh", "-c", "echo out of order >&2; exit 1"], "out of order"),
        (["false"], "status 1"),
        (["sleep", "60"], "it was ended after 1 s"),
        (["/none/such"], "/none/such: No such file or directory"),
    ],
)
def test_what_goes_wrong_is_one_line(command: list[str], reason: str) -> None:
    with pytest.raises(FintankError) as caught:
        programs.run(command, 1, "it failed")
    assert str(caught.value) == f"it failed: {reason}"
