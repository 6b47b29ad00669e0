"""The figures of the demo as the README shows them, and what of them does not change from run to run."""

import re

from fintank.settings import PROJECT_ROOT

_FIGURES = re.compile(r"^This run, .*?(?=\n\s*\n)", re.MULTILINE | re.DOTALL)
_VARIES = re.compile(r"[-0-9.,]*[0-9]")


def summary_of(output: str) -> str:
    """Return what a demo's output says of its run, up to the accounts' table."""
    (found,) = _FIGURES.findall(output)
    return str(found)


def shape(text: str) -> list[str]:
    """Return the lines without what varies: numbers, and blanks that line columns up."""
    return [" ".join(_VARIES.sub("#", line).split()) for line in text.splitlines()]


def readme_shape() -> list[str]:
    """Return the shape of the README's demo."""
    return shape(summary_of((PROJECT_ROOT / "README.md").read_text()))
