"""Configuration files of the services, as string.Template."""

from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent


def fill(name: str, /, **values: object) -> str:
    """Fill the template `name`; every placeholder must have its value."""
    return Template((_FOLDER / name).read_text()).substitute(values)
