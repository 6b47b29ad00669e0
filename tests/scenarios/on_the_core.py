"""Play every scenario on the trading core, without pytest: what `make mutants` asks first, as it is fast."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scenarios.core_world import CoreWorld
from scenarios.playing import play
from scenarios.table import scenarios

from fintank.trading.clock import Clock, ClockState

if __name__ == "__main__":
    # With small numbers first: a mutant that raises a time to a power would compute for ever.
    assert Clock(ClockState(tick_time_us=50, arrival_us=3, floor_us=0)).now(5) == 52
    for scenario in scenarios():
        play(scenario, CoreWorld(scenario.rules))
