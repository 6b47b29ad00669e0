import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from fintank.commands.up import up


def test_a_login_has_no_place_on_a_command_line() -> None:
    with pytest.raises(Exit, match=r"^--sink holds a login, .*: put the URL into FINTANK_SINK") as caught:
        up(Context(), sink="questdb://u:secret@localhost")
    assert "secret" not in str(caught.value)
