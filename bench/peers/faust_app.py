"""Faust: an agent that writes a batch and then acknowledges its events."""

import os
import sys

import faust
from job import BATCH_TICKS, GROUP, KAFKA, TICKS, Job, Writer

app = faust.App(GROUP, broker=f"kafka://{KAFKA}", value_serializer="raw", stream_buffer_maxsize=BATCH_TICKS)
topic = app.topic("ticks", value_type=bytes)
job, writer = Job(), Writer()


@app.agent(topic)
async def store(stream: faust.Stream) -> None:
    """Gather events, write them, acknowledge them."""
    events, lines = [], []
    async for event in stream.noack().events():
        events.append(event)
        lines.append(job.line(event.value))
        if len(events) >= BATCH_TICKS or writer.written + len(events) >= TICKS:
            writer.write(lines)
            for done in events:
                done.ack()
            events, lines = [], []


if __name__ == "__main__":
    sys.argv[1:] = ["--datadir", os.environ["BENCH_FOLDER"], "worker", "--loglevel", "error", "--without-web"]
    app.main()
