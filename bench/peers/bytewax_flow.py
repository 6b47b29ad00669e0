"""Bytewax with its Kafka source and recovery, which keeps the offsets; state is in memory."""

import os
import tempfile
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from job import BATCH_TICKS, KAFKA, Job, Writer


class InfluxPartition(StatelessSinkPartition):
    """Writes each batch that Bytewax hands it."""

    def __init__(self) -> None:
        self._writer = Writer()

    def write_batch(self, items: list[str]) -> None:
        self._writer.write(items)


class InfluxSink(DynamicSink):
    """One partition per worker."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> InfluxPartition:
        return InfluxPartition()


job = Job()
flow = Dataflow("bench")
source = KafkaSource([KAFKA], ["ticks"], tail=False, batch_size=BATCH_TICKS)
records = op.input("ticks", flow, source)
lines = op.map("line", records, lambda record: job.line(record.value))
op.output("influxdb", lines, InfluxSink())
with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
    init_db_dir(Path(folder), 1)
    cli_main(flow, recovery_config=RecoveryConfig(folder))
