"""A loop on confluent-kafka: read a batch, write it, commit."""

from confluent_kafka import Consumer
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
while writer.written < TICKS:
    records = consumer.consume(min(BATCH_TICKS, TICKS - writer.written), timeout=0.1)
    if records:
        writer.write([job.line(record.value()) for record in records])
        consumer.commit(asynchronous=False)
consumer.close()
