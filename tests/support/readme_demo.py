"""The demo's figures in the README, reduced to what is the same in every run."""

import re

from fintank.settings import PROJECT_ROOT

_FIGURES = re.compile(r"^This run, .*?(?=\n\s*\n)", re.MULTILINE | re.DOTALL)
_VARIES = re.compile(r"[-0-9.,]*[0-9]")


def summary_of(output: str) -> str:
    """Return the figures in a demo's output, up to the table of accounts."""
    (found,) = _FIGURES.findall(output)
    return str(found)


def shape(text: str) -> list[str]:
    """Return the lines without numbers and padding."""
    return [" ".join(_VARIES.sub("#", line).split()) for line in text.splitlines()]


def readme_shape() -> list[str]:
    """Return the shape of the README's demo."""
    return shape(summary_of((PROJECT_ROOT / "README.md").read_text()))
