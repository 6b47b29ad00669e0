"""The dashboard *Operations*: how fast the topology works, how far it is behind, and what goes wrong."""

from fintank.grafana.panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    Json,
    Panel,
    Query,
    bars,
    dashboard,
    lines,
    rejects_by_reason,
    rejects_count,
    select,
    stat,
    variable,
)

EVERY = "GROUP BY time($__interval)"
CHOSEN = '"component" =~ /^$component$/ AND $timeFilter'
TICK_LOADER = "\"component\" = 'tick-influxdb-loader' AND $timeFilter"
RULE_ENGINE = "\"component\" = 'rule-engine' AND $timeFilter"
PERCENTILES = {"p50": BLUE, "p95": ORANGE, "p99": VERMILION}
SPOUTS = {"tick-spout": BLUE, "order-spout": ORANGE, "execution-spout": GREEN, "fill-spout": PURPLE}
OF_NO_USE = {"not_newer": GREY, "stale": ORANGE, "crossed": VERMILION, "duplicates": PURPLE}
SLOW_MS, TOO_SLOW_MS = 1_000, 10_000
BEHIND_RECORDS = 100_000
IN_FLIGHT_MAX = 40_000


def operations() -> Json:
    """Return the dashboard."""
    return dashboard(
        "fintank-operations",
        "Operations",
        "Throughput, latency, lag and faults of fintank's topology, from the measurement pipeline.",
        [variable("component", "Component", 'SHOW TAG VALUES FROM "pipeline" WITH KEY = "component"')],
        [*_figures(), *_speed(), *_backlog(), *_faults()],
    )


def _figures() -> list[Panel]:
    slow = [(SLOW_MS, ORANGE), (TOO_SLOW_MS, VERMILION)]
    lags = select('last("lag") AS "lag"', "pipeline", "$timeFilter", 'GROUP BY "component", "task"')
    return [
        stat(
            "Ticks a second",
            "The highest rate of one second at which ticks were stored in the shown time.",
            Query(select('max("records")', "pipeline", TICK_LOADER)),
            "suffix:/s",
        ),
        stat(
            "Tick to stored, p99",
            "The mean of the seconds' p99: from Kafka's append time to InfluxDB's answer.",
            Query(select('mean("latency_p99_ms")', "pipeline", TICK_LOADER)),
            "ms",
            thresholds=slow,
        ),
        stat(
            "Order to execution, p99",
            "The mean of the seconds' p99: from an order's append time in Kafka to its reports' commit.",
            Query(select('mean("latency_p99_ms")', "pipeline", RULE_ENGINE)),
            "ms",
            thresholds=slow,
        ),
        stat(
            "Lag",
            "Records of all topics that are not done yet, as last told.",
            Query(f'SELECT sum("lag") FROM ({lags})'),
            "short",
            thresholds=[(BEHIND_RECORDS // 10, ORANGE), (BEHIND_RECORDS, VERMILION)],
        ),
        rejects_count(),
        stat(
            "Tuples given back",
            "Batches that a loader failed in the shown time because InfluxDB was away; they come again.",
            Query(select('sum("failed")', "pipeline", "$timeFilter")),
            "short",
            thresholds=[(1, VERMILION)],
        ),
    ]


def _speed() -> list[Panel]:
    rate = 'sum("records") / $__interval_ms * 1000'
    return [
        lines(
            "Ticks stored a second",
            "Points of bid_ask that InfluxDB took, a second.",
            Query(select(f'{rate} AS "ticks"', "pipeline", TICK_LOADER, f"{EVERY} fill(none)"), alias="$col"),
            unit="suffix:/s",
            width=8,
            colors={"ticks": BLUE},
        ),
        _latency("Tick to stored", "From a tick's append time in Kafka to InfluxDB's answer.", TICK_LOADER),
        _latency(
            "Order to execution",
            "From an order's append time in Kafka to the commit of its execution reports.",
            RULE_ENGINE,
        ),
        lines(
            "Records a second by component",
            "What each chosen component took or stored, a second.",
            _by_component(rate, CHOSEN),
            unit="suffix:/s",
            width=12,
        ),
        lines(
            "Batch size by component",
            "Records a tuple: small batches at high rates cost speed.",
            _by_component('sum("records") / sum("tuples")', CHOSEN),
            unit="short",
            width=12,
        ),
    ]


def _latency(title: str, description: str, where: str) -> Panel:
    percentiles = ", ".join(
        f'{"max" if name == "p99" else "mean"}("latency_{name}_ms") AS "{name}"' for name in PERCENTILES
    )
    return lines(
        title,
        f"{description} Of each interval the mean p50 and p95 and the highest p99 of its seconds.",
        Query(select(percentiles, "pipeline", where, f"{EVERY} fill(none)"), alias="$col"),
        unit="ms",
        width=8,
        colors=PERCENTILES,
        thresholds=[(TOO_SLOW_MS, VERMILION)],
        custom={"scaleDistribution": {"type": "log", "log": 10}},
    )


def _backlog() -> list[Panel]:
    return [
        lines(
            "Lag by topic",
            "Records that are not done: waiting in Kafka, in flight, or to be sent again; told by the spout.",
            _by_component('max("lag")', "$timeFilter"),
            unit="short",
            width=12,
            colors=SPOUTS,
            thresholds=[(BEHIND_RECORDS, VERMILION)],
        ),
        lines(
            "In flight by spout",
            "Records sent into the topology and not acked yet; a spout pauses at 40,000.",
            _by_component('max("in_flight")', "$timeFilter"),
            unit="short",
            width=12,
            colors=SPOUTS,
            thresholds=[(IN_FLIGHT_MAX, VERMILION)],
        ),
    ]


def _faults() -> list[Panel]:
    of_no_use = ", ".join(f'sum("{name}") AS "{name}"' for name in OF_NO_USE)
    return [
        bars(
            "Of no use",
            "Quotes dropped as not newer, or stale when they came; orders that met a crossed market, or were "
            "known.",
            Query(select(of_no_use, "pipeline", RULE_ENGINE, f"{EVERY} fill(none)"), alias="$col"),
            unit="short",
            width=8,
            colors=OF_NO_USE,
        ),
        bars(
            "Errors by component",
            "Records rejected in each interval, and tuples given back because InfluxDB was away.",
            _by_component('sum("rejects") AS "rejects"', CHOSEN, "rejects"),
            _by_component('sum("failed") AS "failed"', CHOSEN, "given back"),
            unit="short",
            width=8,
        ),
        rejects_by_reason(),
    ]


def _by_component(what: str, where: str, kind: str = "") -> Query:
    alias = f"$tag_component: {kind}" if kind else "$tag_component"
    return Query(select(what, "pipeline", where, f'{EVERY}, "component" fill(none)'), alias=alias)
