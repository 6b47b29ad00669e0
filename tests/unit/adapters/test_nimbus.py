from collections.abc import Sequence
from typing import Any

import pytest
from streamparse import thrift
from support import free_ports
from support.nimbus_server import Nimbus, cluster_summary, serving, topology_summary

from fintank.adapters import nimbus
from fintank.errors import FintankError

WINDOW = ":all-time"


def bolt_stats() -> Any:
    stream = thrift.GlobalStreamId("tick-deserializer", "by_owner")
    other = thrift.GlobalStreamId("component-order-creator", "by_owner")
    bolt = thrift.BoltStats(
        acked={WINDOW: {stream: 30, other: 10}, "600": {stream: 1}},
        failed={WINDOW: {stream: 2}},
        process_ms_avg={WINDOW: {stream: 1.0, other: 5.0}},
        executed={},
        execute_ms_avg={},
    )
    specific = thrift.ExecutorSpecificStats(bolt=bolt)
    return thrift.ExecutorStats({WINDOW: {"default": 7, "__metrics": 5}}, {}, specific, 1.0)


def error_info(text: str, at: int) -> Any:
    return thrift.ErrorInfo(text, 1_700_000_000 + at, "localhost", 6630)


ENDED = error_info("java.lang.RuntimeException: the bolt ended\n\tat x.y.Z\n", 0)


def info(stats: Any, errors: Sequence[Any] = ()) -> Any:
    executors = [
        thrift.ExecutorSummary(thrift.ExecutorInfo(2, 2), "rule-engine", "localhost", 6630, 12, stats),
        thrift.ExecutorSummary(thrift.ExecutorInfo(3, 4), "tick-spout", "localhost", 6632, 0, None),
        thrift.ExecutorSummary(thrift.ExecutorInfo(-1, -1), "__system", "localhost", 6632, 0, None),
    ]
    return thrift.TopologyInfo(
        "order_flow-1-100", "order_flow", 30, executors, "ACTIVE", {"rule-engine": errors or [ENDED]}
    )


def test_a_topology_has_its_executors() -> None:
    fake = Nimbus(cluster_summary(topologies=(topology_summary(),)), {"order_flow-1-100": info(bolt_stats())})
    with serving(fake) as address:
        found = nimbus.topology(address, "order_flow")
    assert (found.status, found.workers, found.executors_wanted, len(found.executors)) == ("ACTIVE", 2, 2, 2)
    engine, spout = found.executors
    assert (engine.component, engine.tasks, engine.worker) == ("rule-engine", "2", "localhost:6630")
    assert (engine.emitted, engine.acked, engine.failed, engine.latency_ms) == (7, 40, 2, 2.0)
    assert (spout.tasks, spout.reports, spout.acked, spout.latency_ms) == ("3-4", False, 0, None)
    assert [(one.component, one.text) for one in found.errors] == [
        ("rule-engine", "java.lang.RuntimeException: the bolt ended")
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [(-3, "shard 1: `invoke reset` starts anew"), (-61, "java.lang.RuntimeException: the bolt ended")],
)
def test_a_bolts_own_error_is_preferred_to_storms(at: int, expected: str) -> None:
    own = error_info(f"{nimbus.BOLT_ERROR_PREFIX}shard 1: `invoke reset` starts anew\n\tat x.y.Z", at)
    older = error_info(f"{nimbus.BOLT_ERROR_PREFIX}something else", -70)
    found = info(bolt_stats(), [ENDED, own, older])
    fake = Nimbus(cluster_summary(topologies=(topology_summary(),)), {"order_flow-1-100": found})
    with serving(fake) as address:
        assert [one.text for one in nimbus.topology(address, "order_flow").errors] == [expected]


def test_an_unknown_topology_is_an_error_that_names_the_others() -> None:
    with (
        serving(Nimbus(cluster_summary(topologies=(topology_summary("other"),)))) as address,
        pytest.raises(FintankError, match=r"There is no topology order_flow on .*; running: other"),
    ):
        nimbus.topology(address, "order_flow")


def test_an_error_of_nimbus_is_one_line() -> None:
    with (
        serving(Nimbus(cluster_summary(topologies=(topology_summary(),)))) as address,
        pytest.raises(FintankError, match="refused: order_flow-1-100 is not alive"),
    ):
        nimbus.topology(address, "order_flow")


def test_a_nimbus_that_does_not_answer_is_one_line_with_the_cure() -> None:
    address = f"localhost:{free_ports.consecutive(1)}"
    with pytest.raises(FintankError, match=r"does not answer: run `invoke up --cluster`"):
        nimbus.cluster(address)
    assert not nimbus.answers(address)
    assert nimbus.supervisors(address) == 0


def test_the_mean_latency_is_weighted_by_acks() -> None:
    assert nimbus.mean_latency({"a": 1, "b": 3}, {"a": 10.0, "b": 2.0}) == 4.0
    assert nimbus.mean_latency({}, {}) is None
    assert nimbus.mean_latency({"a": 0}, {"a": 3.0}) is None
