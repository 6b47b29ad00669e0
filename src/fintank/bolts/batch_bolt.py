"""What all bolts of the topology have in common."""

import io
import logging
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, TypeVar

from pystorm import Bolt
from pystorm.component import Tuple

from fintank import scale, settings
from fintank.adapters.metrics import Metrics
from fintank.adapters.sinks import open_sink
from fintank.bolts import stdio
from fintank.bolts.multilang import MultilangSerializer
from fintank.wire.bolts.offsets import record_count
from fintank.wire.kafka.records import LineBatch
from fintank.wire.kafka.rejects import Reject
from fintank.wire.kafka.ticks import TickBatch

Lines = TypeVar("Lines", LineBatch, TickBatch)


class BatchBolt(Bolt):
    """A bolt whose tuples are batches of records.

    `process` must ack a tuple after it has emitted all of it, or fail it, or keep it for `before_waiting`. An
    exception fails the tuple and ends the process.
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
        """Connect to Storm: by stdin and stdout unless streams are given."""
        # pystorm closes the streams it wraps when its serializer is dropped, so it gets others.
        super().__init__(io.BytesIO(), io.BytesIO(), rdb_signal=rdb_signal, serializer=serializer)
        if input_stream is None or output_stream is None:
            input_stream, output_stream = stdio.taken()
        self.serializer = MultilangSerializer(
            input_stream, output_stream, self._reader_lock, self._writer_lock
        )

    def _setup_component(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        super()._setup_component(storm_conf, context)
        scale.use_option(storm_conf)
        sink = open_sink(settings.from_storm(storm_conf).sink)
        self.metrics = Metrics(context["componentid"], context["taskid"], sink.write)
        self.metrics.start()

    def read_command(self) -> Any:
        """Read the next tuple; if none is waiting, call before_waiting first."""
        if not self.serializer.has_more():
            self.before_waiting()
        return super().read_command()

    def before_waiting(self) -> None:
        """Finish what was gathered; no more tuples are waiting.

        So writes grow with the load: what arrives during one of them goes into the next.
        """

    def emit_lines(self, tup: Tuple, to_lines: Callable[[str, int, str, str], Lines]) -> Lines:
        """Emit a spout's batch as lines, if it has any, and its rejects; return them."""
        topic, _, partition, _, _, offsets, records = tup.values
        batch = to_lines(topic, partition, offsets, records)
        if batch.lines:
            self.emit([topic, partition, batch.offsets, batch.lines, offsets], need_task_ids=False)
        self.reject(batch.rejects)
        self.metrics.add(tuples=1, records=record_count(offsets))
        return batch

    def reject(self, rejects: Iterable[Reject], tup: Tuple | None = None) -> None:
        """Emit rejects of a tuple, by default of the current one, to the topic `rejects`."""
        anchors = None if tup is None else [tup]
        for reject in rejects:
            self.emit([reject.key, reject.message()], stream="rejects", anchors=anchors, need_task_ids=False)
            self.metrics.reject(reject.reason)
