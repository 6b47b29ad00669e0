"""Foreign texts on a terminal."""

import pytest

from fintank.output import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 'IVE'", "Zürich 'IVE'"),
        ("a\x1b[31m\nü", r"a\x1b[31m\nü"),
        ("\ud800\u2028", r"\ud800\u2028"),
        ("x" * 100, "x" * 20),
    ],
)
def test_only_what_is_unprintable_is_escaped_and_a_long_text_is_cut(text: str, shown: str) -> None:
    assert printable(text, 20) == shown
    assert printable("x" * 100) == "x" * 100
