"""Every scenario, on the reference engine and on the trading core."""

import pytest
from scenarios import on_the_core
from scenarios.core_world import CoreWorld
from scenarios.playing import ReferenceWorld, World, play
from scenarios.table import Scenario, scenarios

ALL = scenarios()


@pytest.fixture(params=ALL, ids=[scenario.id for scenario in ALL])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return request.param


def test_the_reference_engine_tells_what_the_table_says(scenario: Scenario) -> None:
    play(scenario, ReferenceWorld(scenario.rules))


def test_the_core_tells_what_the_table_says(scenario: Scenario) -> None:
    play(scenario, CoreWorld(scenario.rules))


def test_a_core_that_is_restarted_before_each_row_tells_the_same(scenario: Scenario) -> None:
    def restart(world: World) -> World:
        assert isinstance(world, CoreWorld)
        world.restart()
        return world

    play(scenario, CoreWorld(scenario.rules), restart)


def test_there_are_at_least_80_scenarios_a_third_of_them_live() -> None:
    assert len(ALL) >= 80
    assert len({scenario.id for scenario in ALL}) == len(ALL)
    assert 3 * sum(scenario.is_live for scenario in ALL) >= len(ALL)


def test_what_the_mutants_are_tried_with_first_passes_on_the_core_as_it_is() -> None:
    on_the_core.with_small_numbers()
