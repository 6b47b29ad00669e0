"""A bolt's metrics, with and without InfluxDB."""

from fintank.adapters import metrics
from fintank.adapters.metrics import Metrics
from fintank.adapters.sinks import Refusal, SinkUnavailableError

SECOND = 1_438_539_936


class World:
    """A clock and an InfluxDB that may be down."""

    def __init__(self) -> None:
        self.now = SECOND + 0.25
        self.is_away = False
        self.stored: list[str] = []
        self.writes = 0
        self.metrics = Metrics("tick-influxdb-loader", 9, self.write, lambda: self.now)

    def write(self, lines: str) -> list[Refusal]:
        self.writes += 1
        if self.is_away:
            raise SinkUnavailableError("away")
        self.stored += lines.split("\n")
        return []


def test_a_second_is_one_point_once_it_is_over() -> None:
    world = World()
    world.metrics.add(tuples=1, records=5000)
    world.metrics.add(tuples=1, records=3)
    world.metrics.write()
    assert world.stored == []
    world.now += 1
    world.metrics.write()
    fields = "tuples=2i,records=5003i,rejects=0i"
    assert world.stored == [f"pipeline,component=tick-influxdb-loader,task=9 {fields} {SECOND}000000000"]


def test_nothing_is_written_when_nothing_happened() -> None:
    world = World()
    world.metrics.write()
    assert world.writes == 0


def test_each_second_is_a_point_with_the_last_value_of_a_gauge() -> None:
    world = World()
    world.metrics.level(open_orders=7)
    world.metrics.level(open_orders=8)
    world.now += 1
    world.metrics.level(open_orders=9)
    world.now += 1
    world.metrics.write()
    assert [line.split(" ")[1] for line in world.stored] == [
        "rejects=0i,open_orders=8i",
        "rejects=0i,open_orders=9i",
    ]


def test_rejects_are_counted_in_total_and_by_reason() -> None:
    world = World()
    for reason in ("NOT_JSON", "EMPTY", "NOT_JSON"):
        world.metrics.reject(reason)
    world.now += 1
    world.metrics.write()
    series = "pipeline,component=tick-influxdb-loader"
    assert [line.rpartition(" ")[0] for line in world.stored] == [
        f"{series},task=9 rejects=3i",
        f"{series},reason=NOT_JSON,task=9 rejected=2i",
        f"{series},reason=EMPTY,task=9 rejected=1i",
    ]


def test_latencies_are_weighted_by_records() -> None:
    world = World()
    now_ms = int(world.now * 1000)
    world.metrics.since([(now_ms - 40, 98), (now_ms - 900, 2)])
    world.now += 1
    world.metrics.write()
    assert (
        world.stored[0].split(" ")[1]
        == "rejects=0i,latency_p50_ms=40i,latency_p95_ms=40i,latency_p99_ms=900i"
    )


def test_points_are_kept_during_an_outage_and_written_after_it() -> None:
    world = World()
    world.is_away = True
    for _ in range(3):
        world.metrics.add(tuples=1)
        world.now += 1
        world.metrics.write()
    world.is_away = False
    world.metrics.write()
    assert [line.rpartition(" ")[2] for line in world.stored] == [f"{SECOND + n}000000000" for n in range(3)]


def test_the_oldest_points_are_dropped_in_a_long_outage() -> None:
    world = World()
    world.is_away = True
    for _ in range(metrics.LINES_WAITING_MAX + 5):
        world.metrics.add(tuples=1)
        world.now += 1
    world.metrics.write()
    world.is_away = False
    world.metrics.write()
    assert len(world.stored) == metrics.LINES_WAITING_MAX
    assert world.stored[0].endswith(f" {SECOND + 5}000000000")


def test_finished_points_are_passed_on() -> None:
    world = World()
    world.metrics.pass_on("pipeline,component=a lag=1i 1\npipeline,component=a lag=2i 2")
    world.metrics.write()
    assert world.stored == ["pipeline,component=a lag=1i 1", "pipeline,component=a lag=2i 2"]
