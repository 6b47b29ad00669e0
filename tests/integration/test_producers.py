"""The examples of docs/producers.md, run as they stand: each sends a tick and an order that trades on it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.core_engine import CoreEngine
from support.stack import Stack, fintank

from fintank.adapters import kafka_topics
from fintank.adapters.topic_reader import open_reader
from fintank.services.programs import class_path
from fintank.settings import PROJECT_ROOT
from fintank.wire.kafka.records import Record

pytestmark = pytest.mark.usefixtures("topics")


def example(language: str) -> str:
    page = (PROJECT_ROOT / "docs" / "producers.md").read_text()
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return str(found)


def commands(stack: Stack, folder: Path) -> dict[str, list[str]]:
    for name, language in (("send.py", "python"), ("Send.java", "java"), ("send.sh", "sh")):
        (folder / name).write_text(example(language))
    return {
        "python-1": [sys.executable, str(folder / "send.py")],
        "java-1": ["java", "-cp", class_path(stack.settings, "kafka"), str(folder / "Send.java")],
        "kcat-1": ["bash", "-euo", "pipefail", str(folder / "send.sh")],
    }


def last(stack: Stack, topic: str) -> Record:
    with open_reader(stack.settings.kafka, topic) as reader:
        return reader.last(1, reader.ends())[0]


@pytest.mark.parametrize("cl_ord_id", ["python-1", "java-1", "kcat-1"])
def test_an_example_sends_to_the_partition_of_its_key_and_its_order_trades(
    stack: Stack, engine: CoreEngine, tmp_path: Path, cl_ord_id: str
) -> None:
    command = commands(stack, tmp_path)[cl_ord_id]
    done = subprocess.run(command, env=stack.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for topic, key in (("ticks", "IVE"), ("orders", "A-1001")):
        record = last(stack, topic)
        assert record.key == key.encode()
        assert record.partition == kafka_topics.partition_for(key, kafka_topics.topics()[topic].partitions)
    engine.decide()
    life = fintank(stack, "order", cl_ord_id)
    assert "FILLED" in life
    assert "94.19" in life
    assert any({cl_ord_id, "94.19"} <= {*line.split()} for line in fintank(stack, "watch").splitlines())
