"""Writing a batch to a database that refuses it without naming all of its bad lines."""

from collections.abc import Callable, Iterator, Sequence

from fintank.adapters.sinks import Refusal
from fintank.output import printable

ANSWER_CHARS_MAX = 300


def shown_answer(text: str) -> str:
    """Return the start of a server's answer, which may be a page of HTML, as one line."""
    return printable(" ".join(text.split()), ANSWER_CHARS_MAX)


def refusals(
    lines: str,
    complain: Callable[[str], str | None],
    are_all_refused: Callable[[int, str], bool] = lambda count, _: count == 1,
) -> list[Refusal]:
    """Write lines (joined by newlines) with `complain`; return those that are refused.

    `complain` writes lines and returns why some were refused, None if all are stored. `are_all_refused` tells
    from the number of lines and a complaint whether it concerns them all.
    """
    complaint = complain(lines)
    if complaint is None:
        return []
    return list(_found(lines.split("\n"), complaint, complain, are_all_refused))


def _found(
    lines: Sequence[str],
    complaint: str,
    complain: Callable[[str], str | None],
    are_all_refused: Callable[[int, str], bool],
    first: int = 0,
) -> Iterator[Refusal]:
    """Find the refused lines of a batch by halving it."""
    # The complaint names at best some of the bad lines, so each is found by finally writing it alone.
    if are_all_refused(len(lines), complaint):
        for number in range(len(lines)):
            yield Refusal(first + number, complaint[:ANSWER_CHARS_MAX])
        return
    middle = len(lines) // 2
    for start, part in ((0, lines[:middle]), (middle, lines[middle:])):
        found = complain("\n".join(part))
        if found is not None:
            yield from _found(part, found, complain, are_all_refused, first + start)
