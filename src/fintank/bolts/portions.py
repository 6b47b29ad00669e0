"""Cutting what a bolt emits: no tuple grows with what one record can become."""

from collections.abc import Iterator, Sequence

CHARS_MAX = 1024 * 1024
"""At most 4 MiB of UTF-8; what Storm, its pipes and an HTTP write take with ease."""


def portions(texts: Sequence[str], chars_max: int = CHARS_MAX) -> Iterator[slice]:
    """Yield slices of the texts, in order, each of at most chars_max characters or of one longer text."""
    first = chars = 0
    for number, text in enumerate(texts):
        if number > first and chars + len(text) > chars_max:
            yield slice(first, number)
            first, chars = number, 0
        chars += len(text)
    if texts:
        yield slice(first, len(texts))
