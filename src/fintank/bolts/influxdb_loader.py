"""From lines to InfluxDB: the loader of every measurement."""

from typing import Any

from pystorm.component import Tuple

from fintank import settings
from fintank.adapters.influx import InfluxUnavailableError, InfluxWriter
from fintank.bolts.batch_bolt import BatchBolt
from fintank.wire.offsets import parse_offsets, parse_runs
from fintank.wire.rejects import Reason, Reject, describe


class InfluxdbLoader(BatchBolt):
    """Takes [topic partition offsets lines appended], one HTTP write each.

    Emits what InfluxDB refuses as rejects. A spout's own figures, [lines] on the stream pipeline, go with
    this bolt's.
    """

    def initialize(self, storm_conf: dict[str, Any], context: dict[str, Any]) -> None:
        """Take InfluxDB's address from the Storm options or the environment."""
        self._writer = InfluxWriter(settings.from_storm(storm_conf).influx)
        self._fault: str | None = None

    def process(self, tup: Tuple) -> None:
        """Write the batch; fail it while InfluxDB is away: the spout sends it again, with back-off."""
        if tup.stream == "pipeline":
            self.metrics.pass_on(*tup.values)
            self.ack(tup)
            return
        topic, partition, offsets, lines, appended = tup.values
        try:
            refusals = self._writer.write(lines)
        except InfluxUnavailableError as error:
            self._log_change(str(error))
            self.metrics.add(failed=1)
            self.fail(tup)
            return
        self._log_change(None)
        if refusals:
            texts, numbers = lines.split("\n"), parse_offsets(offsets)
            self.reject(
                Reject(
                    topic,
                    partition,
                    numbers[refusal.line_number],
                    Reason.INFLUXDB_REFUSED,
                    describe(answer=refusal.answer),
                    texts[refusal.line_number],
                )
                for refusal in refusals
            )
        self.metrics.add(tuples=1, records=lines.count("\n") + 1 - len(refusals))
        self.metrics.since((run.append_ms, run.records) for run in parse_runs(appended))
        self.ack(tup)

    def _log_change(self, fault: str | None) -> None:
        """Log when InfluxDB goes and when it is back, not every tuple between."""
        if fault and not self._fault:
            self.logger.error("%s; the records wait in Kafka meanwhile", fault)
        elif self._fault and not fault:
            self.logger.info("InfluxDB takes points again")
        self._fault = fault
