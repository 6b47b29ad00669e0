"""The demo's output as the README shows it, and what of an output does not change from run to run."""

import re

from fintank.settings import PROJECT_ROOT

_RUN_FOLLOWS = re.compile(r"^This run, .*?^All is as it should be.*?$", re.MULTILINE | re.DOTALL)
_VARIES = re.compile(r"[-0-9.,]*[0-9]")


def summary_of(output: str) -> str:
    """Return the part of a demo's output that the README shows, without the accounts' table."""
    (found,) = _RUN_FOLLOWS.findall(output)
    return re.sub(r"\n\n.*?\n\n", "\n\n", found, flags=re.DOTALL)


def shape(text: str) -> list[str]:
    """Return the lines without what varies: numbers, and blanks that line columns up."""
    return [" ".join(_VARIES.sub("#", line).split()) for line in text.splitlines()]


def readme_shape() -> list[str]:
    """Return the shape of the README's demo."""
    return shape(summary_of((PROJECT_ROOT / "README.md").read_text()))
