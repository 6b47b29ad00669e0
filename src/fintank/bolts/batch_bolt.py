"""What all bolts of the topology have in common."""

import io
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from pystorm.component import Tuple
from streamparse import Bolt

from fintank import settings
from fintank.adapters.influx import InfluxWriter
from fintank.adapters.metrics import Metrics
from fintank.bolts.multilang import MultilangSerializer
from fintank.wire.offsets import record_count
from fintank.wire.rejects import Reject
from fintank.wire.ticks import Batch


class BatchBolt(Bolt):
    """A bolt whose tuples are batches: a tuple is acked by hand, after everything of it is sent.

    `process` must end with `ack` or `fail`. An exception fails the tuple and ends the process.
    """

    auto_ack = False
    logger: logging.Logger
    metrics: Metrics

    def __init__(
        self,
        input_stream: BinaryIO | None = None,
        output_stream: BinaryIO | None = None,
        rdb_signal: str | None = None,
        serializer: str = "json",
    ) -> None:
        """Take the streams to Storm: stdin and stdout when none are given."""
        # pystorm closes the streams it wraps when its serializer is dropped: it gets others.
        super().__init__(io.BytesIO(), io.BytesIO(), rdb_signal=rdb_signal, serializer=serializer)
        self.serializer = MultilangSerializer(
            input_stream or sys.stdin.buffer,
            output_stream or sys.stdout.buffer,
            self._reader_lock,
            self._writer_lock,
        )
        if output_stream is None:
            sys.stdout = sys.stderr  # a print anywhere would break the protocol

    def _setup_component(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        super()._setup_component(storm_conf, context)
        writer = InfluxWriter(settings.from_storm(storm_conf).influx)
        self.metrics = Metrics(context["componentid"], context["taskid"], writer.write)
        self.metrics.start()

    def emit_lines(self, tup: Tuple, to_lines: Callable[[str, int, str, str], Batch]) -> None:
        """Emit a spout's batch as lines, unless none is left, and its rejects; ack it."""
        topic, partition, offsets, records = tup.values
        batch = to_lines(topic, partition, offsets, records)
        if batch.lines:
            self.emit([topic, partition, batch.offsets, batch.lines, offsets], need_task_ids=False)
        self.reject(batch.rejects)
        self.metrics.add(tuples=1, records=record_count(offsets))
        self.ack(tup)

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Emit what can't be used to the topic `rejects`."""
        for reject in rejects:
            self.emit([reject.key, reject.message()], stream="rejects", need_task_ids=False)
            self.metrics.reject(reject.reason)
