"""Reads and checks streamparse's config.json; streamparse itself ends in a traceback if it is wrong."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fintank.adapters import credentials
from fintank.errors import FintankError
from fintank.settings import is_host_or_address

FILE = Path("config.json")
_TEXT, _NUMBER = (str, "text"), (int, "a whole number")
_ENVIRONMENT_KEYS: Mapping[str, tuple[type, str]] = {
    "user": _TEXT,
    "nimbus": _TEXT,
    "workers": (list, "a list of host names"),
    "log": (dict, "an object"),
    "options": (dict, "an object"),
    "virtualenv_root": _TEXT,
    "use_ssh_for_nimbus": (bool, "true or false"),
    "use_virtualenv": (bool, "true or false"),
    "install_virtualenv": (bool, "true or false"),
}
_LOG_KEYS = {"path": _TEXT, "level": _TEXT, "max_bytes": _NUMBER, "backup_count": _NUMBER}
_OPTIONS = {"topology.workers": _NUMBER, "topology.environment": (dict, "an object")}


def named(arguments: Sequence[str]) -> Path:
    """Return the file given to `sparse` with --config; config.json without it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path, nargs="?", default=FILE, const=FILE)
    return Path(parser.parse_known_args(arguments)[0].config)


def check(file: Path) -> None:
    """Raise FintankError for the first thing in the file that streamparse can't use."""
    problem = next(_problems(read(file)), None)
    if problem is not None:
        raise _error(file, problem)


def read(file: Path) -> dict[str, Any]:
    """Read the file; FintankError if it is not one JSON object."""
    problem = "it must be one JSON object"
    try:
        text = file.read_text("utf-8")
        if text.startswith("\ufeff"):
            raise _error(file, "it starts with a byte-order mark: save it as UTF-8 without one")
        config = json.loads(text)
        if isinstance(config, dict):
            return config
    except OSError as error:
        raise FintankError(
            f"{file} can't be read ({error.strerror}): it belongs in the project's folder"
        ) from None
    except UnicodeDecodeError:
        problem = "it is not valid UTF-8: save it as UTF-8"
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno} is not JSON: {error.msg}"
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = f"it has a number that can't be read: {error}"
    raise _error(file, problem)


def _error(file: Path, problem: str) -> FintankError:
    return FintankError(f"{file}: {problem} (docs/configuration.md lists its keys)")


def _problems(config: Mapping[str, Any]) -> Iterator[str]:
    for name in ("topology_specs", "virtualenv_specs"):
        if not isinstance(config.get(name), str):
            yield f"{name} must be text: the name of a folder"
    environments: Any = config.get("envs")
    if not isinstance(environments, dict) or not environments:
        yield 'envs must be an object with at least one cluster, as in {"prod": {"nimbus": "host"}}'
    for name, environment in environments.items():
        yield from _environment_problems(f"envs.{name}", environment)


def _environment_problems(name: str, environment: Any) -> Iterator[str]:
    if not isinstance(environment, dict) or not environment.get("nimbus"):
        yield f'{name} must be an object with a nimbus, as in {{"nimbus": "host"}}'
    yield from _wrong_kinds(name, environment, _ENVIRONMENT_KEYS)
    yield from _wrong_kinds(f"{name}.log", environment.get("log", {}), _LOG_KEYS)
    yield from _wrong_kinds(f"{name}.options", environment.get("options", {}), _OPTIONS)
    if environment.get("use_virtualenv", True) and "virtualenv_root" not in environment:
        yield f"{name}.virtualenv_root is missing: the folder of the virtualenvs on the workers"
    if not is_host_or_address(environment["nimbus"]):
        yield f"{name}.nimbus must be a host, or host:port, without a scheme"
    workers = environment.get("workers", [])
    if not all(isinstance(host, str) and is_host_or_address(host) for host in workers):
        yield f"{name}.workers must be host names"
    for variable in _passwords(environment.get("options", {}).get("topology.environment")):
        yield (
            f"{name}.options has a password ({variable}), and Storm shows its options to everyone: put it "
            "into the workers' environment, or into the file that FINTANK_SECRETS names there"
        )


def _wrong_kinds(
    name: str, values: Mapping[str, Any], kinds: Mapping[str, tuple[type, str]]
) -> Iterator[str]:
    for key, (kind, wanted) in kinds.items():
        if key in values and type(values[key]) is not kind:  # to Python, true is a number, too
            yield f"{name}.{key} must be {wanted}"


def _passwords(variables: Any) -> Iterator[str]:
    """Yield the names of the workers' variables that hold a password."""
    for variable, value in variables.items() if isinstance(variables, dict) else ():
        is_url = variable == "FINTANK_SINK" and "@" in str(value)
        if is_url or (variable in credentials.NAMES and variable.endswith("_PASSWORD")):
            yield variable
