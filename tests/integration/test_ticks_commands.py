"""queue_ticks, replay and show as a user calls them, with a real broker and no topology."""

import gzip
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from support.stack import Stack, run_fintank, start_fintank
from support.waiting import wait_until

from fintank.adapters import kafka_topics

pytestmark = pytest.mark.usefixtures("topics")


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Use services of its own: records that nothing can read stay in its topics."""
    return empty_stack


PRICES = ("symbol", "exchange", "bid", "ask")


def invoke(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return run_fintank(stack, *words, program="invoke")


def last(stack: Stack, topic: str, count: int) -> list[dict[str, Any]]:
    done = invoke(stack, "show", topic, "--last", str(count), "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def last_ticks(stack: Stack, count: int) -> list[dict[str, Any]]:
    return [json.loads(record["value"]) for record in last(stack, "ticks", count)]


def test_queue_ticks_reports_what_it_sends_and_how_long_it_took(stack: Stack) -> None:
    done = invoke(stack, "queue_ticks", "--count", "1000")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == f"Seeding Kafka ({stack.settings.kafka}) topic 'ticks' with 1,000 fake ticks."
    assert lines[1].startswith("1,000 ticks in ")
    assert lines[2:] == ["Done."]
    assert done.stderr == ""


def test_the_same_seed_sends_the_same_quotes_with_new_timestamps(stack: Stack) -> None:
    sent = []
    for _ in range(2):
        assert invoke(stack, "queue_ticks", "--count", "50", "--seed", "7", "--symbols", "5").returncode == 0
        sent.append(last_ticks(stack, 50))
    first, second = (sorted(tuple(tick[name] for name in PRICES) for tick in ticks) for ticks in sent)
    assert first == second
    assert {tick["timestamp"] for tick in sent[0]}.isdisjoint(tick["timestamp"] for tick in sent[1])


def test_a_rate_sends_in_real_time(stack: Stack) -> None:
    before = time.time()
    assert invoke(stack, "queue_ticks", "--count", "20", "--rate", "20").returncode == 0
    times = [tick["timestamp"] for tick in last_ticks(stack, 20)]
    assert before < min(times)
    assert max(times) - min(times) > 0.9


def test_every_record_is_in_the_partition_of_its_key(stack: Stack) -> None:
    assert invoke(stack, "queue_ticks", "--count", "200", "--symbols", "20").returncode == 0
    records = last(stack, "ticks", 200)
    assert len({record["partition"] for record in records}) == 4
    for record in records:
        assert record["partition"] == kafka_topics.partition_for(record["key"], 4)
        assert json.loads(record["value"])["symbol"] == record["key"]


def test_replay_shifts_all_timestamps_so_that_the_last_is_now(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv.gz"
    path.write_bytes(
        gzip.compress(
            b"timestamp,symbol,exchange,bid,ask,bid_size,ask_size\n"
            b"1723161254.024,BTCUSDT,BINANCE,61837.63000000,61837.64000000,3.78826000,\n"
            b"nonsense\n"
            b"1723161256.525,BTCUSDT,BINANCE,61838.63000000,61838.64000000,,\n"
        )
    )
    before = time.time()
    done = invoke(stack, "replay", str(path))
    assert done.returncode == 0, done.stderr
    assert f"{path}:3: columns: 1 instead of 7" in done.stderr
    assert "1 bad line was skipped." in done.stdout
    first, second = last_ticks(stack, 2)
    assert (first["bid"], first["bid_size"], "ask_size" in first) == ("61837.63000000", "3.78826000", False)
    assert before < second["timestamp"] < time.time()
    assert round(second["timestamp"] - first["timestamp"], 6) == 2.501


def test_replay_can_keep_timestamps_and_pace(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text("timestamp,symbol,exchange,bid,ask\n1700001000,IVE,NYSE,1,2\n1700001010,IVE,NYSE,1,2\n")
    started = time.monotonic()
    assert invoke(stack, "replay", str(path), "--keep-times", "--speed", "10").returncode == 0
    assert time.monotonic() - started > 1
    assert [tick["timestamp"] for tick in last_ticks(stack, 2)] == [1700001000.0, 1700001010.0]


def test_a_strict_replay_of_a_file_with_a_bad_line_sends_nothing(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text("timestamp,symbol,exchange,bid,ask\n1700000001,IVE,NYSE,1,2\n1700000002,IVE,NYSE,x,2\n")
    before = last(stack, "ticks", 1)
    done = invoke(stack, "replay", str(path), "--strict")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}:3: bid 'x' is not a decimal number")
    assert last(stack, "ticks", 1) == before


def test_ctrl_c_reports_how_many_ticks_were_sent(stack: Stack) -> None:
    with start_fintank(
        stack, "queue_ticks", "--count", "100000", "--rate", "100", program="invoke"
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        newest = last(stack, "ticks", 1)
        wait_until(lambda: last(stack, "ticks", 1) != newest, 30)
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert " of 100,000 ticks were sent." in output
    assert errors == "Interrupted.\n"


def test_show_escapes_bytes_that_are_not_text(stack: Stack) -> None:
    producer = Producer({"bootstrap.servers": stack.settings.kafka})
    producer.produce("rejects", b"\xff\n\x1b[31m", b"weird", 0)
    producer.produce("rejects", None, None, 0)
    assert producer.flush(30) == 0

    weird, empty = invoke(stack, "show", "rejects", "--last", "2").stdout.splitlines()[1:]
    assert weird.endswith("weird     \\xff\\n\\x1b[31m")
    assert empty.endswith("(null)    (null)")
    assert last(stack, "rejects", 2)[0]["value_base64"] == "/wobWzMxbQ=="


def test_show_omits_aborted_records(stack: Stack) -> None:
    producer = Producer({"bootstrap.servers": stack.settings.kafka, "transactional.id": "undecided"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("executions", b"never happened", b"k", 0)
    producer.flush(30)
    producer.abort_transaction(30)
    assert "never happened" not in invoke(stack, "show", "executions", "--last", "5").stdout


def test_show_follows_until_ctrl_c(stack: Stack) -> None:
    assert invoke(stack, "queue_ticks", "--count", "1").returncode == 0
    with start_fintank(stack, "show", "ticks", "--last", "1", "--follow", "--json") as following:
        assert following.stdout is not None
        following.stdout.readline()
        assert invoke(stack, "queue_ticks", "--count", "3").returncode == 0
        shown = [json.loads(following.stdout.readline()) for _ in range(3)]
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
    assert {record["value"] for record in last(stack, "ticks", 3)} == {record["value"] for record in shown}


def test_show_lists_the_topics_for_an_unknown_one(stack: Stack) -> None:
    done = invoke(stack, "show", "tick")
    assert done.returncode == 1
    assert done.stderr == (
        "There is no topic 'tick': choose one of ticks, orders, executions, fills, timeline, rejects, "
        "journal\n"
    )


@pytest.mark.parametrize("arguments", [["topics"], ["queue_ticks"], ["show", "ticks"]])
def test_each_command_reports_a_missing_broker_in_one_line(stack: Stack, arguments: list[str]) -> None:
    done = invoke(Stack(stack.settings, {**stack.environ, "FINTANK_KAFKA": "127.0.0.1:1"}), *arguments)
    assert done.returncode == 1
    assert done.stderr == "Kafka (127.0.0.1:1) does not answer: run `invoke up`\n"
