"""Storm as a bolt sees it: the messages of the multilang protocol, over a stream of bytes."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from support.rule_context import shipped_rules


class Paced(io.BytesIO):
    """A stream on which each message arrives when the one before was read."""

    def read1(self, _size: int = -1, /) -> bytes:
        """Return the next message and the line `end` behind it."""
        return self.readline() + self.readline()


def stream_of(text: str, at_once: bool) -> io.BytesIO:
    """Make the stream of these messages; at_once: all are there from the start."""
    return (io.BytesIO if at_once else Paced)(text.encode())


def messages_in(written: bytes) -> list[dict[str, Any]]:
    """Read the messages that a bolt wrote, with the texts that follow each."""
    messages = []
    while written:
        message, _, written = written.partition(b"\nend\n")
        messages.append(json.loads(message))
        texts = messages[-1].pop("texts", ()) if "tuple" in messages[-1] else ()
        for index, size in texts:
            messages[-1]["tuple"][index], written = written[:size].decode(), written[size:]
    return messages


def _ending_softly(bolt: type) -> type:
    """Make a bolt exit by SystemExit: pystorm kills the process while other threads are alive."""

    def leave(_: object, status: int) -> None:
        raise SystemExit(status)

    return type(bolt.__name__, (bolt,), {"_exit": leave})


class Storm:
    """Makes messages for a bolt, and runs one."""

    @staticmethod
    def heartbeat() -> dict[str, Any]:
        """Make the heartbeat of a bolt."""
        return {"id": "beat", "comp": "__system", "stream": "__heartbeat", "task": -1, "tuple": []}

    @staticmethod
    def tuple_of(tuple_id: str, *values: object) -> dict[str, Any]:
        """Make the message of a tuple on the stream `default` of `tick-spout`."""
        return {"id": tuple_id, "comp": "tick-spout", "stream": "default", "task": 1, "tuple": list(values)}

    @classmethod
    def batch_of(
        cls, tuple_id: str, topic: str, partition: int, offsets: str, records: str
    ) -> dict[str, Any]:
        """Make the message of a spout's tuple that covers just the offsets of its records."""
        runs = [[*map(int, run.split(","))] for run in offsets.split(" ")]
        first, next_offset = runs[0][0], runs[-1][0] + runs[-1][1]
        return cls.tuple_of(tuple_id, topic, "id", partition, first, next_offset, offsets, records)

    @staticmethod
    def acked(tuple_id: str) -> dict[str, Any]:
        """Make the message of an ack."""
        return {"command": "ack", "id": tuple_id}

    @staticmethod
    def emitted(tuple_id: str, values: list[object], **stream: str) -> dict[str, Any]:
        """Make the message of an emitted tuple that is anchored to this one."""
        return {"command": "emit", "tuple": values, "anchors": [tuple_id], "need_task_ids": False, **stream}

    @staticmethod
    def failed(tuple_id: str) -> dict[str, Any]:
        """Make the message of a fail."""
        return {"command": "fail", "id": tuple_id}

    @staticmethod
    def run(
        bolt: type,
        *messages: dict[str, Any],
        tasks: dict[str, str] | None = None,
        at_once: bool = False,
        **options: str,
    ) -> list[dict[str, Any]]:
        """Run a bolt until the messages end; return what it sent, without the handshake and its log.

        `tasks` are the topology's: task id -> component id. at_once: all messages are there from the start.
        """
        output = io.BytesIO()
        with tempfile.TemporaryDirectory() as pid_folder:
            conf = {"topology.name": "order_flow", "fintank.rules": shipped_rules(), **options}
            context = {"taskid": 3, "componentid": "bolt-under-test", "task->component": tasks or {}}
            handshake = {"reads_texts": True, "pidDir": pid_folder, "conf": conf, "context": context}
            text = "".join(f"{json.dumps(message)}\nend\n" for message in (handshake, *messages))
            with pytest.raises(SystemExit):
                _ending_softly(bolt)(input_stream=stream_of(text, at_once), output_stream=output).run()
            assert len(list(Path(pid_folder).iterdir())) == 1
        sent = messages_in(output.getvalue())
        return [message for message in sent if "pid" not in message and message["command"] != "log"]
