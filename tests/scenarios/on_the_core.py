"""Play every scenario on the trading core, without pytest: what `make mutants` asks first, as it is fast."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scenarios.core_world import CoreWorld
from scenarios.playing import play
from scenarios.table import scenarios

if __name__ == "__main__":
    for scenario in scenarios():
        play(scenario, CoreWorld(scenario.rules))
