"""Small files that the services leave behind: they are there as a whole, or as they were before."""

from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write a file that only its owner can read; a kill or a full disk leaves what was there before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, "utf-8")
    new.replace(file)
