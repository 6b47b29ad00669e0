"""All values of the core are frozen, and made of their fields alone."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import pytest

from fintank import trading

CHANGING = {"Counts", "FollowedPartition", "Level", "_Log"}
CLASSES = [
    value
    for module in (import_module(f"fintank.trading.{found.name}") for found in iter_modules(trading.__path__))
    for value in vars(module).values()
    if is_dataclass(value) and isinstance(value, type) and value.__module__ == module.__name__
]


def test_all_messages_are_among_the_values() -> None:
    names = {cls.__name__ for cls in CLASSES}
    assert {"Order", "PortfolioOrder", "Cancel", "TradingState", "ExecutionReport", "Fill"} <= names
    assert {"OrderCancelReject", "Limits", "Effects", "WorkingOrder"} <= names


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_value_is_frozen_and_has_no_other_attributes(cls: type) -> None:
    value = object.__new__(cls)
    name = fields(cls)[0].name  # type: ignore[arg-type]
    if cls.__name__ in CHANGING:
        setattr(value, name, 1)
    else:
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, 1)
    assert not hasattr(value, "__dict__")
