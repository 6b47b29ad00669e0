"""The bolt that writes lines to InfluxDB, and its HTTP writer, against an InfluxDB with a state."""

import base64
import json
import socket

import pytest
from support.metrics import RecordedMetrics, measured

from fintank.bolts.loader import Loader

APPENDED_MS = 1_438_539_936_000


@pytest.fixture
def load(storm, influx):
    """Let the loader load batches, each a list of lines, named a, b, c."""

    def run(*batches, address=influx.address, at_once=False):
        tuples = [
            storm.tuple_of(
                name, "ticks", 2, f"7,{len(lines)}", "\n".join(lines), f"7,{len(lines)},{APPENDED_MS}"
            )
            for name, lines in zip("abc", batches, strict=False)
        ]
        return storm.run(Loader, *tuples, at_once=at_once, **{"fintank.influx": address})

    return run


def line(number):
    return f"bid_ask,exchange=NYSE,symbol=IVE bid=94.1,ask=94.2 {number}"


def test_a_batch_is_one_write_of_nanoseconds_and_is_acked(storm, influx, load):
    assert load([line(1), line(2)]) == [storm.acked("a")]
    assert influx.stored == [line(1), line(2)]
    assert influx.requests == ["/write?db=prices_development&precision=ns"]


def test_batches_that_are_there_together_are_one_write(storm, influx, load):
    assert load([line(1)], [line(2), line(3)], at_once=True) == [storm.acked("a"), storm.acked("b")]
    assert influx.stored == [line(1), line(2), line(3)]
    assert len(influx.requests) == 1


def test_no_more_are_gathered_than_a_write_should_hold(influx, load):
    batches = ([line(number) for number in range(start, start + 4_000)] for start in (0, 4_000, 8_000))
    load(*batches, at_once=True)
    assert len(influx.requests) == 2
    assert len(influx.stored) == 12_000


def test_few_lines_that_are_long_are_not_gathered_either(influx, load):
    long = line(1).replace(" bid", " " + ",".join(f'note{n}="{"x" * 60_000}"' for n in range(20)) + ",bid")
    load([long], [long], [long], at_once=True)
    assert [len(body) > 1_000_000 for body in influx.stored] == [True] * 3
    assert len(influx.requests) == 2


def test_batches_that_are_not_taken_together_fail_together(storm, influx, load):
    influx.statuses = [503]
    assert load([line(1)], [line(2)], at_once=True) == [storm.failed("a"), storm.failed("b")]


def test_refused_lines_of_a_write_are_rejects_of_their_own_batches(storm, influx, load):
    sent = load([line(1), "bad 1"], ["bad 2", line(2)], at_once=True)
    rejects = [message for message in sent if message["command"] == "emit"]
    assert [(reject["tuple"][0], reject["anchors"]) for reject in rejects] == [
        ("ticks-2-8", ["a"]),
        ("ticks-2-7", ["b"]),
    ]
    assert sent[2:] == [storm.acked("a"), storm.acked("b")]


def test_all_batches_go_over_one_connection(influx, load):
    load([line(1)], [line(2)], [line(3)])
    assert influx.connections == 1


def test_a_missing_database_is_created(storm, influx, load):
    influx.databases.clear()
    assert load([line(1)]) == [storm.acked("a")]
    assert influx.stored == [line(1)]


def test_without_an_influxdb_the_tuple_fails_and_the_bolt_goes_on(storm, load):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        assert load([line(1)], [line(2)], address=address) == [storm.failed("a"), storm.failed("b")]


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 503])
def test_an_answer_that_does_not_blame_the_lines_fails_the_tuple(storm, influx, load, status):
    influx.statuses = [status]
    assert load([line(1)], [line(2)]) == [storm.failed("a"), storm.acked("b")]


def test_a_connection_that_breaks_fails_the_tuple(storm, influx, load):
    influx.statuses = [influx.HANG_UP]
    assert load([line(1)], [line(2)]) == [storm.failed("a"), storm.acked("b")]


def test_refused_lines_become_rejects_and_all_others_are_stored(storm, influx, load):
    lines = [line(number) for number in range(100)]
    for number in (0, 41, 42, 99):
        lines[number] = f"bad {number}"
    *rejects, ack = load(lines)
    assert ack == storm.acked("a")
    assert [reject["tuple"][0] for reject in rejects] == [f"ticks-2-{7 + n}" for n in (0, 41, 42, 99)]
    message = json.loads(rejects[1]["tuple"][1])
    assert message["reason"] == "INFLUXDB_REFUSED"
    assert message["detail"] == "answer=\"unable to parse 'bad 41'\""
    assert base64.b64decode(message["payload"]) == b"bad 41"
    assert set(influx.stored) == {text for text in lines if not text.startswith("bad")}


def test_refused_lines_are_not_rejected_before_the_outcome_of_the_whole_batch_is_known(storm, influx, load):
    influx.statuses = [None, None, 503]
    assert load(["bad", line(1), line(2)]) == [storm.failed("a")]


def test_it_tells_how_long_records_took_from_kafka_into_influxdb(storm, influx):
    recorded = RecordedMetrics(now=APPENDED_MS / 1000 + 4)
    batch = storm.tuple_of(
        "a", "ticks", 2, "7,4", "\n".join(map(line, range(4))), f"7,3,{APPENDED_MS} 10,1,{APPENDED_MS + 3000}"
    )
    away = storm.tuple_of("b", "ticks", 2, "11,1", line(5), f"11,1,{APPENDED_MS}")
    influx.statuses = [None, 503]
    storm.run(measured(Loader, recorded.metrics), batch, away, **{"fintank.influx": influx.address})
    assert recorded.points() == {
        "pipeline,component=bolt,task=3": {
            "tuples": "1i",
            "records": "4i",
            "failed": "1i",
            "rejects": "0i",
            "latency_p50_ms": "4000i",
            "latency_p95_ms": "4000i",
            "latency_p99_ms": "4000i",
        }
    }


def test_refused_lines_count_by_their_reason_and_not_as_stored(storm, influx):
    recorded = RecordedMetrics()
    batch = storm.tuple_of("a", "ticks", 2, "7,2", f"bad\n{line(1)}", f"7,2,{APPENDED_MS}")
    storm.run(measured(Loader, recorded.metrics), batch, **{"fintank.influx": influx.address})
    points = recorded.points()
    assert points["pipeline,component=bolt,reason=INFLUXDB_REFUSED,task=3"] == {"rejected": "1i"}
    assert points["pipeline,component=bolt,task=3"]["records"] == "1i"


def test_what_a_spout_tells_goes_with_the_loaders_own_and_is_acked(storm, influx):
    recorded = RecordedMetrics()
    figures = "pipeline,component=tick-spout,task=1 lag=5i 1438539936000000000"
    tuple_ = {**storm.tuple_of("a", figures), "stream": "pipeline"}
    sent = storm.run(measured(Loader, recorded.metrics), tuple_, **{"fintank.influx": influx.address})
    assert sent == [storm.acked("a")]
    assert recorded.points() == {"pipeline,component=tick-spout,task=1": {"lag": "5i"}}
    assert influx.stored == []
