"""What all bolts of the topology have in common."""

import io
import logging
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from pystorm.component import Tuple
from streamparse import Bolt

from fintank import settings
from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.metrics import Metrics
from fintank.bolts import streams
from fintank.bolts.multilang import MultilangSerializer
from fintank.wire.bolts.offsets import record_count
from fintank.wire.kafka.records import LineBatch
from fintank.wire.kafka.rejects import Reject


class BatchBolt(Bolt):
    """A bolt whose tuples are batches: a tuple is acked by hand, after everything of it is sent.

    `process` must end with `ack` or `fail`, or keep the tuple for `before_waiting`. An exception fails the
    tuple and ends the process.
    """

    auto_ack = False
    logger: logging.Logger
    metrics: Metrics
    serializer: MultilangSerializer

    def __init__(
        self,
        input_stream: io.BufferedIOBase | None = None,
        output_stream: BinaryIO | None = None,
        rdb_signal: str | None = None,
        serializer: str = "json",
    ) -> None:
        """Take the streams to Storm: stdin and stdout when none are given."""
        # pystorm closes the streams it wraps when its serializer is dropped: it gets others.
        super().__init__(io.BytesIO(), io.BytesIO(), rdb_signal=rdb_signal, serializer=serializer)
        if input_stream is None or output_stream is None:
            input_stream, output_stream = streams.taken()
        self.serializer = MultilangSerializer(
            input_stream, output_stream, self._reader_lock, self._writer_lock
        )

    def _setup_component(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        super()._setup_component(storm_conf, context)
        writer = InfluxDB(settings.from_storm(storm_conf).influx)
        self.metrics = Metrics(context["componentid"], context["taskid"], writer.write)
        self.metrics.start()

    def read_command(self) -> Any:
        """Read the next tuple, and before that, if none has come yet, call before_waiting."""
        if not self.serializer.has_more():
            self.before_waiting()
        return super().read_command()

    def before_waiting(self) -> None:
        """Finish what was gathered: nothing more is there to join it.

        So batches grow with the load: what comes while one of them is being written becomes the next.
        """

    def emit_lines(self, tup: Tuple, to_lines: Callable[[str, int, str, str], LineBatch]) -> None:
        """Emit a spout's batch as lines, unless none is left, and its rejects; ack it."""
        topic, partition, offsets, records = tup.values
        batch = to_lines(topic, partition, offsets, records)
        if batch.lines:
            self.emit([topic, partition, batch.offsets, batch.lines, offsets], need_task_ids=False)
        self.reject(batch.rejects)
        self.metrics.add(tuples=1, records=record_count(offsets))
        self.ack(tup)

    def reject(self, rejects: Iterable[Reject], tup: Tuple | None = None) -> None:
        """Emit what can't be used of a tuple, the current one if none is given, to the topic `rejects`."""
        anchors = None if tup is None else [tup]
        for reject in rejects:
            self.emit([reject.key, reject.message()], stream="rejects", anchors=anchors, need_task_ids=False)
            self.metrics.reject(reject.reason)
