"""Which faults a run has, and when: a function of the seed alone."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

BOLTS = (
    "TickDeserializer",
    "OrderDeserializer",
    "ComponentOrderCreator",
    "RuleEngine",
    "DecisionDeserializer",
    "Loader",
)
TARGETS: Mapping[str, Sequence[str]] = {
    "kill_bolt": BOLTS,
    "kill_worker": ("",),
    "kill_supervisor": ("alone", "with its workers"),
    "kill_service": ("kafka", "influxdb"),
    "kill_everything": ("",),
    "influxdb_answers": ("500", "429", "413", "400", "400 of its own", "silence"),
    "pause": ("RuleEngine", "TickDeserializer", "worker", "kafka"),
    "zombie_engine": ("",),
    "rebalance": ("",),
    "send_again": ("",),
    "poison": ("",),
    "fill_disk": ("",),
    "move_clock": ("host +2h", "host -30m", "workers +2h", "workers -30m"),
}
"""The kinds of faults (functions of `faults.injection`) and what each is done to."""
ON_A_CLUSTER = {"kill_supervisor", "rebalance"}
SECONDS = {
    "pause": 35,
    "zombie_engine": 30,
    "fill_disk": 20,
    "kill_everything": 30,
    "rebalance": 15,
    "influxdb_answers": 10,
    "move_clock": 10,
}
"""About how long a fault takes, if not OTHERS_S; a pause is longer than the message time-out of 30 s."""
OTHERS_S = 3
GAP_S = (6, 14)
"""How long traffic flows in peace between two faults."""
MEAN_S = 20
"""About how much of a run a fault takes: the next seed goes on in the deck where this one probably ended."""


@dataclass(frozen=True)
class Fault:
    """A fault, and after how many seconds of the run it may begin at the earliest."""

    at_s: float
    kind: str
    target: str

    def __str__(self) -> str:
        return f"{self.kind}({self.target})"


def plan(seed: int, duration_s: float, *, cluster: bool, gap_s: tuple[float, float] = GAP_S) -> list[Fault]:
    """Draw the faults of a run of this length; those of consecutive seeds together are all of them."""
    deck = [
        (kind, target)
        for kind, targets in TARGETS.items()
        for target in targets
        if cluster or kind not in ON_A_CLUSTER
    ]
    rng = random.Random(seed)
    faults, at_s = [], rng.uniform(*gap_s)
    for number in count(seed * int(duration_s / MEAN_S)):
        if at_s + OTHERS_S > duration_s:
            return faults
        shuffled = random.Random(number // len(deck)).sample(deck, len(deck))
        kind, target = shuffled[number % len(deck)]
        takes_s = SECONDS.get(kind, OTHERS_S)
        if at_s + takes_s <= duration_s:
            faults.append(Fault(round(at_s, 1), kind, target))
            at_s += takes_s + rng.uniform(*gap_s)
    raise AssertionError
