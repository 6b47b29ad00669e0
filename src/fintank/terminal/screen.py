"""What the commands draw their tables on."""

from rich.console import Console


def console(chars_min: int = 0) -> Console:
    """Make a console that shows texts as they are: brackets are no markup, and :100: is no emoji.

    It is at least so wide; narrower, as when the output is no terminal, rich would cut columns.
    """
    made = Console(markup=False, emoji=False, highlight=False)
    made.width = max(made.width, chars_min)
    return made
