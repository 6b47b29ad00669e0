"""config.json, streamparse's file: looked at before streamparse reads it, which would end in a traceback."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fintank.errors import FintankError
from fintank.settings import is_host_or_address

FILE = "config.json"
_TEXTS = ("topology_specs", "virtualenv_specs")
_OF_AN_ENVIRONMENT: Mapping[str, tuple[type, str]] = {
    "user": (str, "text"),
    "nimbus": (str, "text"),
    "workers": (list, "a list of host names"),
    "log": (dict, "an object"),
    "options": (dict, "an object"),
    "virtualenv_root": (str, "text"),
    "use_ssh_for_nimbus": (bool, "true or false"),
    "use_virtualenv": (bool, "true or false"),
    "install_virtualenv": (bool, "true or false"),
}


def named(arguments: Sequence[str]) -> Path:
    """Return the file that the arguments of `sparse` name with --config, config.json without it."""
    for position, word in enumerate(arguments):
        if word == "--config" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if word.startswith("--config="):
            return Path(word.partition("=")[2])
    return Path(FILE)


def check(file: Path) -> None:
    """Raise FintankError, one line with the cure, for what streamparse can't read."""
    config = _object(file)
    for name in _TEXTS:
        _require(file, isinstance(config.get(name), str), f"{name} must be text: the name of a folder")
    environments = config.get("envs")
    if not isinstance(environments, dict) or not environments:
        raise _wrong(
            file, 'envs must be an object of at least one cluster, as in {"prod": {"nimbus": "host"}}'
        )
    for name, environment in environments.items():
        if not isinstance(environment, dict) or not environment.get("nimbus"):
            raise _wrong(
                file, f'envs.{name} must be an object that names its nimbus, as in {{"nimbus": "host"}}'
            )
        for key, (kind, wanted) in _OF_AN_ENVIRONMENT.items():
            is_right = key not in environment or isinstance(environment[key], kind)
            _require(file, is_right, f"envs.{name}.{key} must be {wanted}")
        is_place = is_host_or_address(environment["nimbus"])
        _require(file, is_place, f"envs.{name}.nimbus must be a host, or host:port, without a scheme")
        workers = environment.get("workers", [])
        _require(
            file, all(isinstance(host, str) for host in workers), f"envs.{name}.workers must be host names"
        )


def _object(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise FintankError(
            f"{file} can't be read ({error.strerror}): run sparse in the project's folder"
        ) from None
    except ValueError:
        raise _wrong(file, "it is no text in UTF-8: save it as such") from None
    _require(
        file, not text.startswith("\ufeff"), "it begins with a byte-order mark: save it as UTF-8 without one"
    )
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(file, f"line {error.lineno}, column {error.colno} is no JSON: {error.msg}") from None
    except RecursionError:
        raise _wrong(file, "it is nested too deeply") from None
    if not isinstance(config, dict):
        raise _wrong(file, "it must be one JSON object")
    return config


def _require(file: Path, is_right: bool, wanted: str) -> None:
    if not is_right:
        raise _wrong(file, wanted)


def _wrong(file: Path, what: str) -> FintankError:
    return FintankError(f"{file}: {what} (docs/configuration.md has its keys)")
