"""The shape of the 2015 original: a tuple and an HTTP write for each tick.

This process stands for the spout: it sends each record to the bolt, a second process, as a JSON message
through a pipe, as Storm does, and commits what the bolt has acked.
"""

import subprocess
import sys
from collections.abc import Iterator

from job import BATCH_TICKS, GROUP, KAFKA, TICKS, Job, Writer, orjson


def spout() -> None:
    """Send tuples and wait for their acks, up to BATCH_TICKS at once."""
    from confluent_kafka import Consumer

    options = {"bootstrap.servers": KAFKA, "group.id": GROUP, "auto.offset.reset": "earliest"}
    consumer = Consumer(options | {"enable.auto.commit": False})
    consumer.subscribe(["ticks"])
    pipe = subprocess.PIPE
    taken = 0
    with subprocess.Popen([sys.executable, __file__, "bolt"], stdin=pipe, stdout=pipe) as bolt:
        assert bolt.stdin
        assert bolt.stdout
        while taken < TICKS:
            records = consumer.consume(min(BATCH_TICKS, TICKS - taken), timeout=0.1)
            for record in records:
                message = {"id": str(taken), "comp": "spout", "stream": "default", "task": 1}
                text = orjson.dumps(message | {"tuple": [record.value().decode()]})
                bolt.stdin.write(text + b"\nend\n")
                taken += 1
                bolt.stdin.flush()
                acked = orjson.loads(bolt.stdout.readline())
                assert acked["command"] == "ack"
                assert bolt.stdout.readline() == b"end\n"
            if records:
                consumer.commit(asynchronous=False)
        bolt.stdin.close()
    consumer.close()


def bolt() -> None:
    """Write each tuple and ack it."""
    job, writer = Job(), Writer()
    for message in _messages():
        writer.write([job.line(message["tuple"][0])])
        sys.stdout.buffer.write(orjson.dumps({"command": "ack", "id": message["id"]}) + b"\nend\n")
        sys.stdout.buffer.flush()


def _messages() -> Iterator[dict[str, list[str]]]:
    while text := sys.stdin.buffer.readline():
        assert sys.stdin.buffer.readline() == b"end\n"
        yield orjson.loads(text)


if __name__ == "__main__":
    bolt() if sys.argv[1:] else spout()
