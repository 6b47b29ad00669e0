"""Small files that the services leave behind: they are there as a whole, or as they were before."""

from pathlib import Path

from fintank.errors import FintankError


def write(file: Path, text: str) -> None:
    """Write a file that only its owner can read; a kill or a full disk leaves what was there before.

    FintankError if it can't be written.
    """
    new = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(text, "utf-8")
        new.replace(file)
    except OSError as error:  # that of a full disk names no file
        raise FintankError(f"{file} can't be written: {error.strerror}") from error
