"""Quix Streams with a batching sink: it writes at a checkpoint and commits after it."""

from job import BATCH_TICKS, GROUP, KAFKA, TICKS, Job, Writer
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch


class InfluxSink(BatchingSink):
    """Writes the batch of one partition."""

    def __init__(self) -> None:
        super().__init__()
        self.writer = Writer()

    def write(self, batch: SinkBatch) -> None:
        self.writer.write([item.value for item in batch])


job, sink = Job(), InfluxSink()
app = Application(
    broker_address=KAFKA,
    consumer_group=GROUP,
    auto_offset_reset="earliest",
    commit_every=BATCH_TICKS,
    loglevel="WARNING",
)
ticks = app.dataframe(app.topic("ticks", value_deserializer="bytes"))
ticks.apply(job.line).sink(sink)
app.run(count=TICKS, timeout=30)
