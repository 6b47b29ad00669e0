"""The plain loop with a thread that writes a batch while the next one is read; committed after its write."""

from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import Consumer, TopicPartition
from job import BATCH_TICKS, GROUP, KAFKA, TICKS, Job, Writer

consumer = Consumer(
    {
        "bootstrap.servers": KAFKA,
        "group.id": GROUP,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
consumer.subscribe(["ticks"])
job, writer = Job(), Writer()
pending: tuple[Future[None], list[TopicPartition]] | None = None
taken = 0
with ThreadPoolExecutor(1) as pool:
    while taken < TICKS or pending:
        records = consumer.consume(min(BATCH_TICKS, TICKS - taken), timeout=0.1) if taken < TICKS else []
        taken += len(records)
        lines = [job.line(record.value()) for record in records]
        if pending:
            pending[0].result()
            consumer.commit(offsets=pending[1], asynchronous=True)
            pending = None
        if lines:
            pending = pool.submit(writer.write, lines), consumer.position(consumer.assignment())
consumer.close()
