"""Configuration files of the services, as string.Template."""

from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent


def fill(name: str, /, **values: object) -> str:
    """Return the template `name` with values for all its placeholders.

    Java reads .properties files as Latin-1, so other characters are written as \\uXXXX there.
    """
    text = Template((_FOLDER / name).read_text("utf-8")).substitute(values)
    return _ascii(text) if name.endswith(".properties") else text


def _ascii(text: str) -> str:
    units = iter(text.encode("utf-16-be"))
    codes = (high << 8 | low for high, low in zip(units, units, strict=True))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
