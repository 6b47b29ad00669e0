"""All checks of the topics and the sink against each other."""

from fintank.adapters import kafka, rules_file
from fintank.adapters.consumer_groups import lags, partition_states
from fintank.adapters.sinks import open_store
from fintank.reconciliation.bookings import check_bookings
from fintank.reconciliation.findings import Result
from fintank.reconciliation.order_cancels import check_cancels
from fintank.reconciliation.order_reports import check_orders
from fintank.reconciliation.order_terms import check_terms
from fintank.reconciliation.snapshot import read_snapshot
from fintank.reconciliation.storage import EXECUTIONS_TOPIC, FILLS_TOPIC, Storage, ticks_topic
from fintank.reconciliation.topic_logs import read_logs
from fintank.reconciliation.trade_quotes import TradeQuotes
from fintank.settings import Settings


def compare(settings: Settings) -> tuple[list[Result], dict[str, int]]:
    """Run all checks; return their results, and the lag of each topic that has a consumer group."""
    limits = rules_file.load(settings)
    store = open_store(settings.sink)
    store.require_own_points()
    with kafka.connect(settings.kafka) as admin:
        kafka.ensure_topics(admin)
        # First of all: what is committed now is processed, whatever is written during the checks.
        states = partition_states(admin)
        logs = read_logs(settings.kafka, states)
        unusable = Result("unusable records are in rejects")
        found = read_snapshot(settings.kafka, admin, logs, unusable, limits)
    quotes = TradeQuotes(found.reports)
    storage = Storage(settings.kafka, store, logs, unusable)
    results = [
        *check_orders(found.orders, found.reports, logs, limits.retention_us),
        check_terms(found.cancels, found.reports, logs),
        check_cancels(found.cancels, found.cancel_rejects, found.reports, logs),
        *check_bookings([*found.reports, *found.later_trades], found.fills, logs),
        quotes.result,
        storage.compare(ticks_topic(limits.instruments), quotes.see),
        storage.compare(EXECUTIONS_TOPIC),
        storage.compare(FILLS_TOPIC),
        unusable,
    ]
    quotes.finish(logs)
    return results, lags(states)
