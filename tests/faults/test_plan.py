"""The plan of a fault run: what a seed stands for."""

from faults.injection import KINDS
from faults.plan import ON_A_CLUSTER, OTHERS_S, SECONDS, TARGETS, plan

MINUTES_4_S = 100
HALF_AN_HOUR_S = 1800


def test_a_seed_always_gives_the_same_faults() -> None:
    assert plan(7, MINUTES_4_S, cluster=True) == plan(7, MINUTES_4_S, cluster=True)
    assert plan(7, MINUTES_4_S, cluster=True) != plan(8, MINUTES_4_S, cluster=True)


def test_every_kind_of_fault_can_be_injected() -> None:
    assert KINDS.keys() == TARGETS.keys() >= SECONDS.keys() | ON_A_CLUSTER


def test_faults_follow_each_other_and_fit_into_the_run() -> None:
    for seed in range(50):
        faults = plan(seed, MINUTES_4_S, cluster=True)
        ends = [fault.at_s + SECONDS.get(fault.kind, OTHERS_S) for fault in faults]
        assert len(faults) >= 2
        assert ends[-1] <= MINUTES_4_S
        assert all(end < after.at_s for end, after in zip(ends, faults[1:], strict=False))


def test_half_an_hour_tries_every_fault_and_so_do_ten_short_runs() -> None:
    everything = {(kind, target) for kind, targets in TARGETS.items() for target in targets}
    found = {(fault.kind, fault.target) for fault in plan(1, HALF_AN_HOUR_S, cluster=True)}
    assert found == everything
    found = {
        (fault.kind, fault.target) for seed in range(10) for fault in plan(seed, MINUTES_4_S, cluster=True)
    }
    assert len(found) > len(everything) * 3 // 4


def test_without_a_cluster_no_fault_needs_one() -> None:
    kinds = {fault.kind for seed in range(50) for fault in plan(seed, MINUTES_4_S, cluster=False)}
    assert not kinds & ON_A_CLUSTER
