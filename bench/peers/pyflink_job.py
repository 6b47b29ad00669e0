"""PyFlink's DataStream API with its Kafka source, checkpoints each second; offsets are committed by them.

Its Python functions are not told of a checkpoint, so lines that wait to be written may be committed.
"""

import os

from job import BATCH_TICKS, GROUP, KAFKA, Job, Writer
from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import FlatMapFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource

CHECKPOINT_MS = 1_000


class Store(FlatMapFunction):
    """Gathers lines and writes them in batches."""

    def open(self, runtime_context: RuntimeContext) -> None:
        self._job, self._writer, self._lines = Job(), Writer(), list[str]()

    def flat_map(self, value: str) -> list[str]:
        self._lines.append(self._job.line(value))
        if len(self._lines) >= BATCH_TICKS:
            self._write()
        return []

    def close(self) -> None:
        if self._lines:
            self._write()

    def _write(self) -> None:
        self._writer.write(self._lines)
        self._lines = []


environment = StreamExecutionEnvironment.get_execution_environment()
environment.add_jars(f"file://{os.environ['BENCH_FLINK_KAFKA_JAR']}")
environment.set_parallelism(1)
environment.enable_checkpointing(CHECKPOINT_MS)
source = (
    KafkaSource.builder()
    .set_bootstrap_servers(KAFKA)
    .set_topics("ticks")
    .set_group_id(GROUP)
    .set_starting_offsets(KafkaOffsetsInitializer.earliest())
    .set_bounded(KafkaOffsetsInitializer.latest())
    .set_value_only_deserializer(SimpleStringSchema())
    .build()
)
ticks = environment.from_source(source, WatermarkStrategy.no_watermarks(), "ticks", Types.STRING())
ticks.flat_map(Store(), Types.STRING()).print()
environment.execute("bench")
