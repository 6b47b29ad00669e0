"""What the commands draw their tables on."""

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the program, as a print does; rich would end it with status 1."""
        raise  # noqa: PLE0704 - rich calls it while it handles the error


def console(chars_min: int = 0) -> Console:
    """Make a console that shows texts as they are: brackets are no markup, and :100: is no emoji.

    It is at least so wide; narrower, as when the output is no terminal, rich would cut columns.
    """
    made = _Console(markup=False, emoji=False, highlight=False)
    made.width = max(made.width, chars_min)
    return made
