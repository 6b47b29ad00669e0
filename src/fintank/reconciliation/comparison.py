"""All checks of the topics and InfluxDB against each other."""

from collections.abc import Sequence

from fintank.adapters import kafka, rules_file
from fintank.adapters.influxdb import InfluxDB
from fintank.adapters.kafka_groups import GROUPS, PartitionState, partition_states
from fintank.reconciliation import reading
from fintank.reconciliation.bookings import check_bookings
from fintank.reconciliation.cancels import check_cancels
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.results import Result
from fintank.reconciliation.storage import EXECUTIONS_VIEW, FILLS_VIEW, TICKS_VIEW, Storage
from fintank.reconciliation.trade_quotes import TradeQuotes
from fintank.settings import Settings


def compare(where: Settings) -> tuple[list[Result], dict[str, int]]:
    """Make all checks; return their results, and the lag of each topic that a group reads."""
    limits = rules_file.load(where)
    influx = InfluxDB(where.influx)
    influx.require_own_points()
    with kafka.connect(where.kafka) as admin:
        kafka.ensure_topics(admin)
        # Before all else: what is committed now is done, whatever comes while the rest is read.
        states = partition_states(admin)
        logs = reading.read_logs(where.kafka, states)
        rejected = reading.read_rejected(where.kafka, logs)
        facts = reading.read_facts(where.kafka, admin, logs, rejected, limits)
    results = check_orders(facts.asked, facts.told, logs, facts.hidden)
    results.append(check_cancels(facts.cancels, facts.refused, facts.told, logs, facts.hidden))
    results += check_bookings([*facts.told, *facts.told_later], facts.booked, logs, facts.hidden)
    quotes = TradeQuotes(facts.told)
    storage = Storage(where.kafka, influx, influx.retention().seconds, logs, rejected)
    stored = [
        storage.compare(TICKS_VIEW, quotes.see),
        storage.compare(EXECUTIONS_VIEW),
        storage.compare(FILLS_VIEW),
    ]
    quotes.finish(logs)
    results += [quotes.result, *stored, rejected.result]
    return results, _lag(states)


def _lag(states: Sequence[PartitionState]) -> dict[str, int]:
    return {topic: sum(state.lag or 0 for state in states if state.topic == topic) for topic in GROUPS}
