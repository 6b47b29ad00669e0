"""What a local service is, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """One process that `invoke up` starts under supervisord.

    `address` is the host:port that clients use, `variable` what sets it in the environment, `ports` every TCP
    port it listens on, `files` its configuration files and their text. `prepare` runs before the first and
    every later start, after the files are written; `answers` says whether a client gets an answer now, and
    never raises.
    """

    name: str
    address: str
    variable: str
    ports: tuple[int, ...]
    command: tuple[str, ...]
    files: Mapping[Path, str]
    log: Path
    prepare: Callable[[], None]
    answers: Callable[[], bool]
