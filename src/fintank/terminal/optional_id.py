"""A command whose ID may be left out if an option says what is meant."""

from collections.abc import Callable, Sequence
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task


class OptionalId(Argument):
    """The first argument of a command; once one of the options is given, it is empty if it is missing."""

    def __init__(self, argument: Argument, options: Sequence[Argument]) -> None:
        super().__init__(names=argument.names, help=argument.help, positional=True)
        self._options = options

    @property
    def value(self) -> Any:
        """The ID; None while it may still come."""
        found = Argument.value.fget(self)  # type: ignore[attr-defined]
        is_meant = any(option.got_value for option in self._options)
        return "" if found is None and is_meant else found

    @value.setter
    def value(self, given: str) -> None:
        if not given:  # as in `cancel "$ID" --account A-1001`, which would cancel all orders of the account
            raise Exit(f"{self.name} is empty: give it a value, or leave it out", code=1)
        self.set_value(given)


class TaskWithOptionalId(Task[Callable[..., None]]):
    """Its first argument is an OptionalId: it comes before the options, or not at all."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments."""
        argument, *options = super().get_arguments(ignore_unknown_help)
        return [OptionalId(argument, options), *options]
