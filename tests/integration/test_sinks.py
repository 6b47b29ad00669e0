"""Every database behind the seam: what is written is read back, once, whatever happens meanwhile."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from random import Random
from threading import Event, Thread

import pytest
from properties.valid_records import APPEND_MS, EXECUTIONS, FILLS, START_US, TICKS, Topic, text_of
from support.database import Database, database
from support.waiting import wait_until

from fintank.adapters.sinks import Series, SinkUnavailableError, count, open_sink, open_store, rows
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.wire.kafka import executions, fills, ticks
from fintank.wire.points import point_values
from fintank.wire.points.line_protocol import point
from fintank.wire.points.point_values import Measurement, Point, of_lines

SCHEMES = ("influxdb", "questdb", "postgresql")
ODD_NAMES = ("A\\B", "a b,c=d", "O'Hare", 'say "x"', "価格", "\\\\server", "a;b--")
SECOND_NS = 1_000_000_000
T0_NS = START_US * 1000
RECORDS = 600


@pytest.fixture(scope="module", params=SCHEMES)
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    with database(request.param) as made:
        yield made


def lines_of(topic: Topic, to_lines: Callable[..., object], seed: int, first: int = 0) -> list[str]:
    """Return the lines of random valid records."""
    random = Random(seed)
    records = "\n".join(text_of(topic.good(random, number)) for number in range(RECORDS))
    found = to_lines(topic.name, 3, f"{first},{RECORDS},{APPEND_MS}", records)
    lines: str = found.lines  # type: ignore[attr-defined]
    return lines.split("\n")


def stored(server: Database, measurement: Measurement, since_ns: int | None = None) -> Counter[Point]:
    found = Counter[Point]()
    for part in open_store(server.url).points(measurement, since_ns):
        found.update(part)
    return found


def latest_of(measurement: Measurement, lines: list[str]) -> Counter[Point]:
    """Return what must be stored: a point replaces an equal one."""
    return Counter({found[:2]: found for found in of_lines(measurement, "\n".join(lines))}.values())


@pytest.mark.parametrize(
    ("topic", "measurement", "to_lines"),
    [
        (TICKS, point_values.BID_ASK, ticks.to_lines),
        (EXECUTIONS, point_values.EXECUTIONS, executions.to_lines),
        (FILLS, point_values.FILLS, fills.to_lines),
    ],
)
def test_random_records_are_read_back_exactly_after_any_replays(
    server: Database, topic: Topic, measurement: Measurement, to_lines: Callable[..., object]
) -> None:
    sink, random = open_sink(server.url), Random(1)
    lines = lines_of(topic, to_lines, seed=7)
    for _ in range(12):
        start = random.randrange(len(lines))
        assert sink.write("\n".join(lines[start : start + random.randrange(1, RECORDS)])) == []
    assert sink.write("\n".join(lines)) == []
    wanted = latest_of(measurement, lines)
    assert stored(server, measurement) == wanted
    since_ns = sorted(time_ns for _, time_ns, _ in wanted)[len(wanted) // 2]
    later = Counter({found: 1 for found in wanted if found[1] >= since_ns})
    assert stored(server, measurement, since_ns) == later


def test_names_in_any_script_and_with_any_sign_stay_apart(server: Database) -> None:
    records = [
        json.dumps({"symbol": name, "exchange": "N", "bid": 94, "ask": 95, "timestamp": 1.7e9 + number})
        for number, name in enumerate(ODD_NAMES)
    ]
    batch = ticks.to_lines("ticks", 0, f"0,{len(records)},{APPEND_MS}", "\n".join(records))
    assert batch.rejects == []
    assert open_sink(server.url).write(batch.lines) == []
    wanted = set(of_lines(point_values.BID_ASK, batch.lines))
    assert wanted <= set(stored(server, point_values.BID_ASK))
    for name in ODD_NAMES:
        query = Query("bid_ask", ("bid",), tags={"symbol": [name]})
        assert [row[1] for row in rows(open_store(server.url), query)] == [94]


def test_bad_lines_among_good_ones_are_named_and_all_others_are_stored(server: Database) -> None:
    random = Random(3)
    lines = [
        point("bid_ask", {"exchange": "BAD", "symbol": "S"}, {"withdrawn": 1}, n + 1) for n in range(200)
    ]
    bad = sorted(random.sample(range(200), 9))
    for number in bad:
        lines[number] = random.choice(("bid_ask,symbol=S bid=1x 5", "x"))
    refusals = open_sink(server.url).write("\n".join(lines))
    assert [refusal.line_number for refusal in refusals] == bad
    assert all(refusal.answer for refusal in refusals)
    query = Query("bid_ask", ("withdrawn",), tags={"exchange": ["BAD"]}, function="count")
    assert count(open_store(server.url), query) == 191


class Pipeline:
    """Random points of the measurement pipeline, and what a query must return of them."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.points = {
            (f"bolt-{random.randrange(3)}", T0_NS + random.randrange(50) * SECOND_NS): (
                random.choice((None, random.randrange(100))),
                random.randrange(9),
            )
            for _ in range(80)
        }

    def lines(self) -> str:
        return "\n".join(
            point("pipeline", {"component": name, "task": "1"}, {"lag": lag, "records": records}, time_ns)
            for (name, time_ns), (lag, records) in self.points.items()
        )

    def lags(self) -> list[tuple[str, int, int]]:
        """Return component, time and lag, in order of time."""
        found = [(name, ns, lag) for (name, ns), (lag, _) in self.points.items() if lag is not None]
        return sorted(found, key=lambda one: one[1])


def flat(series: Iterator[Series], by: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for tags, part in series:
        found[tags[by]] += [(row[0], row[1]) for row in part if row[1] is not None]
    return {name: sorted(part) for name, part in found.items() if part}


@pytest.mark.parametrize(
    ("function", "compute"),
    [
        ("count", len),
        ("sum", sum),
        ("max", max),
        ("mean", lambda values: sum(values) / len(values)),
        ("last", lambda values: values[-1]),
    ],
)
def test_functions_by_tag_and_interval_are_those_of_the_points(
    server: Database, function: str, compute: Callable[[list[int]], float]
) -> None:
    made = Pipeline(seed=11)
    assert open_sink(server.url).write(made.lines()) == []
    store = open_store(server.url)
    span = (T0_NS + 5 * SECOND_NS, T0_NS + 44 * SECOND_NS)
    names = ["bolt-0", "bolt-2"]
    groups: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name, time_ns, lag in made.lags():
        if name in names and span[0] <= time_ns <= span[1]:
            groups[name][time_ns - time_ns % (10 * SECOND_NS)].append(lag)
    asked = Query("pipeline", ("lag",), *span, {"component": names}, function, "component", 10)  # type: ignore[arg-type]
    assert flat(store.series(asked), "component") == {
        name: [(start, pytest.approx(compute(values))) for start, values in sorted(intervals.items())]
        for name, intervals in groups.items()
    }


def test_the_latest_points_the_edges_and_a_count_are_those_of_the_points(server: Database) -> None:
    made = Pipeline(seed=11)
    assert open_sink(server.url).write(made.lines()) == []
    store, tags = open_store(server.url), {"component": ["bolt-1"]}
    own = [(time_ns, lag) for name, time_ns, lag in made.lags() if name == "bolt-1"]
    asked = Query("pipeline", ("lag",), T0_NS, tags=tags, latest=5)
    assert [tuple(row) for row in rows(store, asked)] == own[::-1][:5]
    assert store.edges_ns(Query("pipeline", ("lag",), T0_NS, tags=tags)) == [own[0][0], own[-1][0]]
    assert count(store, Query("pipeline", ("lag",), T0_NS, tags=tags, function="count")) == len(own)
    nothing = Query("pipeline", ("lag",), tags={"component": ["none"]})
    assert store.edges_ns(nothing) == []
    assert list(rows(store, nothing)) == []


def test_killed_in_mid_stream_it_loses_and_doubles_nothing(server: Database) -> None:
    lines = lines_of(TICKS, ticks.to_lines, seed=23, first=50_000)
    batches = ["\n".join(lines[start : start + 5]) for start in range(0, len(lines), 5)]
    killed, written, outages = Event(), Event(), 0

    def write_all() -> None:
        nonlocal outages
        sink = open_sink(server.url)
        while not killed.is_set():  # replays, with the kills anywhere among them
            for batch in batches:
                while True:
                    try:
                        assert sink.write(batch) == []
                        break
                    except SinkUnavailableError:
                        outages += 1
                        written.wait(0.05)
        written.set()

    writer = Thread(target=write_all, daemon=True)
    writer.start()
    for _ in range(2):
        written.wait(0.3)
        server.kill()
        server.launch()
        wait_until(open_sink(server.url).answers, 60)
    killed.set()
    writer.join(120)
    assert written.is_set()
    assert outages
    wanted = latest_of(point_values.BID_ASK, lines)
    found = stored(server, point_values.BID_ASK)
    assert {one: found[one] for one in wanted} == wanted


def test_without_a_server_a_write_is_uncertain_and_a_query_has_the_cure(server: Database) -> None:
    server.kill()
    try:
        assert not open_sink(server.url).answers()
        with pytest.raises(SinkUnavailableError, match=r"does not answer"):
            open_sink(server.url).write("pipeline lag=1i 1")
        with pytest.raises(FintankError, match=r"does not answer: run `invoke up`"):
            list(rows(open_store(server.url), Query("pipeline", ("lag",))))
    finally:
        server.start()
