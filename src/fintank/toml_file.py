"""Reading the files that a user writes in TOML; a FintankError of one line says what is wrong with one."""

import tomllib
from pathlib import Path
from typing import Any

from fintank.errors import FintankError


def text(file: Path, cure: str) -> str:
    """Read a file's text; `cure` follows the reason if that is impossible."""
    try:
        if file.exists() and not file.is_file():
            raise OSError("not a file")
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FintankError(f"{file} can't be read ({reason}): {cure}") from None


def parsed(content: str, name: str) -> dict[str, Any]:
    """Parse a file's text; `name` is its name in errors."""
    try:
        return tomllib.loads(content)
    except (ValueError, RecursionError) as error:  # also of a number with thousands of digits
        raise FintankError(f"{name} is not valid TOML: {error}") from None
