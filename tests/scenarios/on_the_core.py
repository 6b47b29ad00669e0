"""Play every scenario on the trading core, without pytest: what `make mutants` asks first, as it is fast."""

import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scenarios.core_world import CoreWorld
from scenarios.playing import play
from scenarios.table import scenarios

from fintank.trading.clock import Clock, ClockState
from fintank.trading.portfolio import split

if __name__ == "__main__":
    # With small numbers first: a mutant that raises a time to a power would compute for ever.
    assert Clock(ClockState(tick_time_us=50, arrival_us=3, floor_us=0)).now(5) == 52
    assert split(Decimal("0.01"), {"A": Decimal("0.3"), "B": Decimal("0.7")}) == {
        "A": 0,
        "B": Decimal("0.01"),
    }
    for scenario in scenarios():
        play(scenario, CoreWorld(scenario.rules))
