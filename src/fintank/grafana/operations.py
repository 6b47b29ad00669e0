"""The dashboard *Operations*: how fast the topology works, how far it is behind, and what goes wrong."""

from collections.abc import Sequence

from fintank.colors import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from fintank.grafana import panels
from fintank.grafana.boards import Dashboard, Variable
from fintank.grafana.panel_query import (
    Call,
    Chosen,
    Condition,
    Equals,
    PanelQuery,
    Value,
    VariableQuery,
    each,
    latest,
    sum_over_tasks,
    value,
)
from fintank.grafana.panels import RULE_ENGINE, Panel

CHOSEN = (Chosen("component", "component"),)
TICK_LOADER = (Equals("component", "tick-influxdb-loader"),)
PERCENTILES = {"p50": BLUE, "p95": ORANGE, "p99": VERMILION}
SPOUTS = {"tick-spout": BLUE, "order-spout": ORANGE, "execution-spout": GREEN, "fill-spout": PURPLE}
DISCARDED = {"not_newer": GREY, "stale": ORANGE, "crossed": VERMILION, "duplicates": PURPLE}
FAULTY = {"crossed_symbols": VERMILION, "silent_symbols": ORANGE}
FAULTS_TITLE = "Crossed symbols and silent exchanges"
SLOW_MS, TOO_SLOW_MS = 1_000, 10_000
BEHIND_RECORDS = 100_000
IN_FLIGHT_MAX = 80_000
LAST_LAGS = PanelQuery(each("last", "lag"), "pipeline", by=("component", "task"))
LAG = PanelQuery([value("sum", "lag")], LAST_LAGS, in_range=False)
RECORDS = Call("sum", "records")
RATE = Value("{0} / $__interval_ms * 1000", (RECORDS,))
RATE_DECIMALS = 1


def operations() -> Dashboard:
    """Return the dashboard."""
    return Dashboard(
        "fintank-operations",
        "Operations",
        "Throughput, latency, lag and faults of fintank's topology, from the measurement pipeline.",
        [Variable("component", "Component", VariableQuery("component", "pipeline"))],
        [*_figures(), *_speed(), *_backlog(), *_faults()],
    )


def _figures() -> list[Panel]:
    slow = [(SLOW_MS, ORANGE), (TOO_SLOW_MS, VERMILION)]
    return [
        panels.stat(
            "Ticks per second",
            "The highest number of ticks stored in one second of this time range.",
            _one(value("max", "records"), TICK_LOADER),
        ),
        panels.stat(
            "Tick to stored, p99",
            "From Kafka's append time to InfluxDB's confirmation: the mean of all p99 values.",
            _one(value("mean", "latency_p99_ms"), TICK_LOADER),
            unit="ms",
            thresholds=slow,
        ),
        panels.stat(
            "Order to execution, p99",
            "From an order's append time in Kafka to the commit of its reports: the mean of all p99 values.",
            _one(value("mean", "latency_p99_ms"), RULE_ENGINE),
            unit="ms",
            thresholds=slow,
        ),
        panels.stat(
            "Lag",
            "Unprocessed records of all topics (latest value).",
            LAG,
            thresholds=[(BEHIND_RECORDS // 10, ORANGE), (BEHIND_RECORDS, VERMILION)],
        ),
        panels.rejects_count(),
        panels.stat(
            "Failed tuples",
            "Batches that a loader failed in this time range because InfluxDB was down; they are replayed.",
            _one(value("sum", "failed")),
            thresholds=[(1, VERMILION)],
        ),
    ]


def _speed() -> list[Panel]:
    return [
        panels.lines(
            "Ticks stored per second",
            "Points of bid_ask that InfluxDB stored.",
            _per_interval([RATE._replace(name="ticks")], TICK_LOADER),
            decimals=RATE_DECIMALS,
            colors={"ticks": BLUE},
        ),
        _latency(
            "Tick to stored",
            "From a tick's append time in Kafka to InfluxDB's confirmation.",
            TICK_LOADER,
        ),
        _latency(
            "Order to execution",
            "From an order's append time in Kafka to the commit of its execution reports.",
            RULE_ENGINE,
        ),
        panels.lines(
            "Records per second by component",
            "What each chosen component read or stored.",
            _by_component(RATE, CHOSEN),
            decimals=RATE_DECIMALS,
            width=12,
        ),
        panels.lines(
            "Batch size by component",
            "Records per tuple; small batches at a high rate are inefficient.",
            _by_component(Value("{0} / {1}", (RECORDS, Call("sum", "tuples"))), CHOSEN),
            width=12,
        ),
    ]


def _latency(title: str, description: str, where: Sequence[Condition]) -> Panel:
    percentiles = [
        value("max" if name == "p99" else "mean", f"latency_{name}_ms", name) for name in PERCENTILES
    ]
    return panels.lines(
        title,
        f"{description} Each point is the mean p50, the mean p95 and the highest p99 of its seconds.",
        _per_interval(percentiles, where),
        unit="ms",
        colors=PERCENTILES,
        thresholds=[(TOO_SLOW_MS, VERMILION)],
        custom={"scaleDistribution": {"type": "log", "log": 10}},
    )


def _backlog() -> list[Panel]:
    return [
        panels.lines(
            "Lag by topic",
            "Unprocessed records: waiting in Kafka, in flight, or to be emitted again.",
            _by_component(value("max", "lag")),
            width=12,
            colors=SPOUTS,
            thresholds=[(BEHIND_RECORDS, VERMILION)],
        ),
        panels.lines(
            "In flight by spout",
            "Records emitted and not yet acked; a spout pauses a partition at 20,000.",
            _by_component(value("max", "in_flight")),
            width=12,
            colors=SPOUTS,
            thresholds=[(IN_FLIGHT_MAX, VERMILION)],
        ),
    ]


def _faults() -> list[Panel]:
    return [
        panels.bars(
            "Discarded or delayed",
            "Quotes that were not newer than the current one or stale on arrival, orders that met a crossed "
            "market, and duplicate orders.",
            _per_interval(each("sum", *DISCARDED), RULE_ENGINE),
            colors=DISCARDED,
        ),
        panels.bars(
            "Errors by component",
            "Rejected records, and tuples that failed because InfluxDB was down.",
            _by_component(value("sum", "rejects", "rejects"), CHOSEN, "rejects"),
            _by_component(value("sum", "failed", "failed"), CHOSEN, "failed"),
        ),
        panels.rejects_by_reason(),
        panels.lines(
            "Symbols with faulty quotes",
            "How many symbols are crossed, and how many have an exchange that is too far behind the others.",
            sum_over_tasks("pipeline", RULE_ENGINE, *FAULTY),
            colors=FAULTY,
        ),
        panels.table(
            FAULTS_TITLE,
            "The symbols that have been crossed the longest, or whose exchanges are the farthest behind, of "
            "each task and second, the latest first; exchanges are those that are not traded on.",
            latest("quote_faults", (), "fault symbol lasted_ms exchange_count exchanges"),
            width=16,
        ),
    ]


def _one(what: Value, where: Sequence[Condition] = ()) -> PanelQuery:
    return PanelQuery([what], "pipeline", where)


def _per_interval(values: Sequence[Value], where: Sequence[Condition]) -> PanelQuery:
    return PanelQuery(values, "pipeline", where, every=True)


def _by_component(what: Value, where: Sequence[Condition] = (), name: str = "") -> PanelQuery:
    return PanelQuery([what], "pipeline", where, every=True, by=("component",), name=name)
