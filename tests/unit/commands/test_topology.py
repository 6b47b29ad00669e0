from fintank.adapters.nimbus import Executor, Topology
from fintank.commands.topology import as_json, components


def executor(component: str, tasks: str, worker: str, acked: int, latency_ms: float | None) -> Executor:
    return Executor(component, tasks, worker, True, 10, 2, acked, 1, latency_ms)


EXECUTORS = (
    executor("tick-spout", "9", "box-1:6700", 5, 3.0),
    executor("rule-engine", "7", "box-1:6700", 30, 10.0),
    executor("rule-engine", "8", "box-2:6700", 10, 2.0),
    executor("__acker", "1", "box-2:6700", 0, None),
)


def test_the_executors_of_a_component_are_summed_in_one_row() -> None:
    acker, engine, _ = components(EXECUTORS)
    assert (engine["tasks"], engine["workers"]) == (["7", "8"], ["box-1:6700", "box-2:6700"])
    assert (engine["emitted"], engine["acked"], engine["failed"], engine["latency_ms"]) == (4, 40, 2, 8.0)
    assert acker["latency_ms"] is None


def test_json_has_the_content_of_the_table() -> None:
    found = Topology("order_flow", "order_flow-1-1", "ACTIVE", 60, 2, 5, EXECUTORS, ())
    shown = as_json(found, components(EXECUTORS))
    assert (shown["status"], shown["executors"], shown["executors_wanted"]) == ("ACTIVE", 4, 5)
    assert len(shown["components"]) == 3  # type: ignore[arg-type]
