"""The dashboard *Operations*: how fast the topology works, how far it is behind, and what goes wrong."""

from fintank.colors import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from fintank.grafana import panels
from fintank.grafana.panels import EVERY, RULE_ENGINE, Json, Panel, select, series, target

ALL = "$timeFilter"
CHOSEN = f"{panels.chosen('component')} AND $timeFilter"
TICK_LOADER = "\"component\" = 'tick-influxdb-loader' AND $timeFilter"
PERCENTILES = {"p50": BLUE, "p95": ORANGE, "p99": VERMILION}
SPOUTS = {"tick-spout": BLUE, "order-spout": ORANGE, "execution-spout": GREEN, "fill-spout": PURPLE}
DISCARDED = {"not_newer": GREY, "stale": ORANGE, "crossed": VERMILION, "duplicates": PURPLE}
FAULTY = {"crossed_symbols": VERMILION, "silent_symbols": ORANGE}
FAULTS_TITLE = "Crossed symbols and silent exchanges"
SLOW_MS, TOO_SLOW_MS = 1_000, 10_000
BEHIND_RECORDS = 100_000
IN_FLIGHT_MAX = 80_000
LAST_LAGS = select('last("lag") AS "lag"', "pipeline", ALL, 'GROUP BY "component", "task"')
LAG = f'SELECT sum("lag") FROM ({LAST_LAGS})'
RATE = 'sum("records") / $__interval_ms * 1000'
PER_SECOND = "suffix:/s"


def operations() -> Json:
    """Return the dashboard."""
    return panels.dashboard(
        "fintank-operations",
        "Operations",
        "Throughput, latency, lag and faults of fintank's topology, from the measurement pipeline.",
        [panels.variable("component", "Component", 'SHOW TAG VALUES FROM "pipeline" WITH KEY = "component"')],
        [*_figures(), *_speed(), *_backlog(), *_faults()],
    )


def _figures() -> list[Panel]:
    slow = [(SLOW_MS, ORANGE), (TOO_SLOW_MS, VERMILION)]
    return [
        panels.stat(
            "Ticks per second",
            "The highest number of ticks stored in one second of this time range.",
            select('max("records")', "pipeline", TICK_LOADER),
            unit=PER_SECOND,
        ),
        panels.stat(
            "Tick to stored, p99",
            "From Kafka's append time to InfluxDB's confirmation: the mean of all p99 values.",
            select('mean("latency_p99_ms")', "pipeline", TICK_LOADER),
            unit="ms",
            thresholds=slow,
        ),
        panels.stat(
            "Order to execution, p99",
            "From an order's append time in Kafka to the commit of its reports: the mean of all p99 values.",
            select('mean("latency_p99_ms")', "pipeline", RULE_ENGINE),
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
            select('sum("failed")', "pipeline", ALL),
            thresholds=[(1, VERMILION)],
        ),
    ]


def _speed() -> list[Panel]:
    return [
        panels.lines(
            "Ticks stored per second",
            "Points of bid_ask that InfluxDB stored.",
            series(f'{RATE} AS "ticks"', "pipeline", TICK_LOADER),
            unit=PER_SECOND,
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
            series(RATE, "pipeline", CHOSEN, by="component"),
            unit=PER_SECOND,
            width=12,
        ),
        panels.lines(
            "Batch size by component",
            "Records per tuple; small batches at a high rate are inefficient.",
            series('sum("records") / sum("tuples")', "pipeline", CHOSEN, by="component"),
            width=12,
        ),
    ]


def _latency(title: str, description: str, where: str) -> Panel:
    percentiles = ", ".join(
        f'{"max" if name == "p99" else "mean"}("latency_{name}_ms") AS "{name}"' for name in PERCENTILES
    )
    return panels.lines(
        title,
        f"{description} Each point is the mean p50, the mean p95 and the highest p99 of its seconds.",
        series(percentiles, "pipeline", where),
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
            series('max("lag")', "pipeline", ALL, by="component"),
            width=12,
            colors=SPOUTS,
            thresholds=[(BEHIND_RECORDS, VERMILION)],
        ),
        panels.lines(
            "In flight by spout",
            "Records emitted and not yet acked; a spout pauses a partition at 20,000.",
            series('max("in_flight")', "pipeline", ALL, by="component"),
            width=12,
            colors=SPOUTS,
            thresholds=[(IN_FLIGHT_MAX, VERMILION)],
        ),
    ]


def _faults() -> list[Panel]:
    sums = ", ".join(f'sum("{name}") AS "{name}"' for name in DISCARDED)
    lasts = ", ".join(f'last("{name}") AS "{name}"' for name in FAULTY)
    by_task = select(lasts, "pipeline", RULE_ENGINE, f'{EVERY}, "task" fill(none)')
    faulty = ", ".join(f'sum("{name}") AS "{name}"' for name in FAULTY)
    faults = '"fault", "symbol", "lasted_ms", "exchange_count", "exchanges"'
    return [
        panels.bars(
            "Discarded or delayed",
            "Quotes that were not newer than the current one or stale on arrival, orders that met a crossed "
            "market, and duplicate orders.",
            series(sums, "pipeline", RULE_ENGINE),
            colors=DISCARDED,
        ),
        panels.bars(
            "Errors by component",
            "Rejected records, and tuples that failed because InfluxDB was down.",
            series('sum("rejects") AS "rejects"', "pipeline", CHOSEN, "rejects", by="component"),
            series('sum("failed") AS "failed"', "pipeline", CHOSEN, "failed", by="component"),
        ),
        panels.rejects_by_reason(),
        panels.lines(
            "Symbols with faulty quotes",
            "How many symbols are crossed, and how many have an exchange that is too far behind the others.",
            target(f"SELECT {faulty} FROM ({by_task}) WHERE $timeFilter {EVERY} fill(none)", "$col"),
            colors=FAULTY,
        ),
        panels.table(
            FAULTS_TITLE,
            "The symbols that have been crossed the longest, or whose exchanges are the farthest behind, of "
            "each task and second, the latest first; exchanges are those that are not traded on.",
            select(faults, "quote_faults", ALL, "ORDER BY time DESC LIMIT 200"),
            width=16,
        ),
    ]
