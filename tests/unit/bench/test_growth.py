"""The growth benchmark speaks to the rule engine as Storm does, and stops if the engine does."""

from typing import Any

import growth
import pytest

from fintank import scale


@pytest.fixture(autouse=True)
def same_scale() -> Any:
    """A measurement sets the scale of this process."""
    before = scale.current()
    yield
    scale.use(before)


def test_the_engine_takes_every_tuple_and_commits() -> None:
    seconds, commits = growth.measured(4, list(growth.messages(3, 100 * growth.TICKS_PER_TUPLE)))
    assert (seconds > 0, commits >= 3) == (True, True)


def test_an_engine_that_stops_is_no_measurement() -> None:
    tuples = list(growth.messages(3, 2 * growth.TICKS_PER_TUPLE))
    tuples[-1]["tuple"] = tuples[-1]["tuple"][:-1]
    with pytest.raises(SystemExit, match="The engine stopped before 2 of 8 tuples"):
        growth.measured(4, tuples)
