import pytest

from fintank.terminal.screen import LiveLine


def test_without_a_terminal_a_line_is_printed_only_every_few_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = iter([0.0, 1.0, 4.9, 5.0, 9.9, 10.0])
    with LiveLine(now=lambda: next(seconds)) as line:
        for text in ("at 1", "at 4.9", "at 5 [lein]", "at 9.9", "at 10"):
            line.show(text)
    assert capsys.readouterr().out == "  at 5 [lein]\n  at 10\n"
