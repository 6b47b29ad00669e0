"""The programs `fintank` and `invoke`.

`fintank` runs the same commands from any folder and knows `--version`; `invoke` is invoke's own program.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from pkgutil import iter_modules

import invoke.main
from invoke.collection import Collection
from invoke.program import Program

import fintank
from fintank import commands

COMMANDS = [module.name for module in iter_modules(commands.__path__) if module.name != "program"]


def collection(argv: Sequence[str]) -> Collection:
    """Collect the commands that a command line names, or all if it names none, with their names as written.

    To import all takes three times as long as to import one.
    """
    named = [] if {"-l", "--list", "--complete"} & {*argv} else [name for name in COMMANDS if name in argv]
    namespace = Collection(auto_dash_names=False)
    for name in named or COMMANDS:
        namespace.add_task(getattr(import_module(f"fintank.commands.{name}"), name))
    return namespace


def main() -> None:
    """Run `fintank COMMAND`."""
    program = Program(name="fintank", version=fintank.__version__, namespace=collection(sys.argv))
    program.run(words(sys.argv))


def run_invoke() -> None:
    """Run `invoke COMMAND`; a closed output or a full disk ends its help as it ends the commands."""
    invoke.main.program.run(words(sys.argv))


def words(argv: Sequence[str]) -> list[str]:
    """Join the symbols of `record EXCHANGE SYMBOL ...` into one word: invoke's commands take no lists."""
    if len(argv) < 2 or argv[1] != "record":
        return list(argv)
    given = list(takewhile(lambda word: not word.startswith("-"), argv[2:]))
    joined = [*given[:1], " ".join(given[1:])] if len(given) > 1 else given
    return [*argv[:2], *joined, *argv[2 + len(given) :]]
