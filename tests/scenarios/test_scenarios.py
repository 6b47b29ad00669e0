"""Every scenario, on the reference engine and on the trading core."""

import pytest
from scenarios.playing import ReferenceWorld, play
from scenarios.table import Scenario, scenarios

ALL = scenarios()


@pytest.fixture(params=ALL, ids=[scenario.id for scenario in ALL])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return request.param


def test_the_reference_engine_tells_what_the_table_says(scenario: Scenario) -> None:
    play(scenario, ReferenceWorld(scenario.rules))


def test_there_are_at_least_80_scenarios_a_third_of_them_live() -> None:
    assert len(ALL) >= 80
    assert len({scenario.id for scenario in ALL}) == len(ALL)
    assert 3 * sum(scenario.is_live for scenario in ALL) >= len(ALL)
