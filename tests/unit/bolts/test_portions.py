"""Tuples are cut by size, not only by count."""

import pytest

from fintank.bolts.portions import portions


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([], []),
        ([0], [1]),
        ([5], [1]),
        ([50], [1]),
        ([5, 5], [2]),
        ([5, 5, 1], [2, 1]),
        ([50, 1, 50], [1, 1, 1]),
        ([3, 3, 3, 3, 3, 3], [3, 3]),
        ([0] * 100, [100]),
    ],
)
def test_a_portion_has_at_most_so_many_characters_or_one_text(lengths: list[int], sizes: list[int]) -> None:
    texts = ["x" * length for length in lengths]
    cut = [texts[portion] for portion in portions(texts, 10)]
    assert [len(part) for part in cut] == sizes
    assert [text for part in cut for text in part] == texts
