"""From lines to the sink: the loader of every measurement."""

from typing import Any

from pystorm.component import Tuple

from fintank import settings
from fintank.adapters.sinks import Refusal, SinkUnavailableError, open_sink
from fintank.bolts.batch_bolt import BatchBolt
from fintank.wire.bolts.offsets import parse_offsets, parse_runs
from fintank.wire.kafka.rejects import Reason, Reject, describe

LINES_MAX = 5_000
"""The best size of a write. One tuple may hold as many, so a write may have almost twice that."""
CHARS_MAX = 2 * 1024 * 1024
"""With one more tuple, and four bytes a character, still below the 25 MB of InfluxDB's max-body-size."""


class Loader(BatchBolt):
    """Takes [topic partition offsets lines appended]; emits the lines that the sink refuses as rejects.

    All waiting tuples share one write, so that small ones don't cost a write each. It also takes a
    spout's own metrics, [lines] on the stream pipeline, and writes them with those of this bolt.
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Read the sink's URL from the Storm options or the environment."""
        url = settings.from_storm(storm_conf).sink
        self._name = url.shown
        self._sink = open_sink(url)
        self._fault: str | None = None
        self._gathered: list[Tuple] = []
        self._line_count = self._char_count = 0

    def process(self, tup: Tuple) -> None:
        """Gather the batch; write once there is enough."""
        if tup.stream == "pipeline":
            self.metrics.pass_on(*tup.values)
            self.ack(tup)
            return
        self._gathered.append(tup)
        self._line_count += tup.values[3].count("\n") + 1
        self._char_count += len(tup.values[3])
        if self._line_count >= LINES_MAX or self._char_count >= CHARS_MAX:
            self._write()

    def before_waiting(self) -> None:
        """Write what was gathered."""
        if self._gathered:
            self._write()

    def _write(self) -> None:
        """Write the batches; if the sink is away, fail them, and the spout sends them again with back-off."""
        tuples, line_count = self._gathered, self._line_count
        self._gathered, self._line_count, self._char_count = [], 0, 0
        try:
            refusals = self._sink.write("\n".join(tup.values[3] for tup in tuples))
        except SinkUnavailableError as error:
            self._log_change(str(error))
            self.metrics.add(failed=len(tuples))
            for tup in tuples:
                self.fail(tup)
            return
        self._log_change(None)
        if refusals:
            self._reject_refused(tuples, refusals)
        for tup in tuples:
            self.ack(tup)
            self.metrics.since((run.append_ms, run.records) for run in parse_runs(tup.values[4]))
        self.metrics.add(tuples=len(tuples), records=line_count - len(refusals), failed=0)

    def _reject_refused(self, tuples: list[Tuple], refusals: list[Refusal]) -> None:
        lines = [
            (tup, offset, text)
            for tup in tuples
            for offset, text in zip(parse_offsets(tup.values[2]), tup.values[3].split("\n"), strict=True)
        ]
        for refusal in refusals:
            tup, offset, text = lines[refusal.line_number]
            topic, partition, *_ = tup.values
            detail = describe(answer=refusal.answer)
            self.reject([Reject(topic, partition, offset, Reason.INFLUXDB_REFUSED, detail, text)], tup)

    def _log_change(self, fault: str | None) -> None:
        """Log an outage of the sink once, and its end."""
        if fault and not self._fault:
            self.logger.error("%s; the records wait in Kafka meanwhile", fault)
        elif self._fault and not fault:
            self.logger.info("%s takes points again", self._name)
        self._fault = fault
