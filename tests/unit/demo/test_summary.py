from collections import Counter

import factories
from rich.console import Console

from fintank.audit.differences import AuditFindings
from fintank.demo.evidence import Evidence
from fintank.demo.summary import DemoResult, Throughput, accounts, decision_ms, lines, problems
from fintank.trading.ledger import booking
from fintank.trading.limits import Limits
from fintank.trading.messages import ExecType, Order, Quote
from fintank.trading.shard import Shard
from fintank.wire.kafka.records import Record

TIME_US = 1_700_000_000_000_000
ORDER_MS = 1_000
REPORT_MS = 1_012
QUOTE = Quote("IVE", "NYSE", TIME_US, 0, 1, "94.10", "94.20", None, None)


def record(topic: str, time_ms: int) -> Record:
    return Record(topic, 0, 1, time_ms, None, None)


def order(name: str) -> Order:
    return factories.order(
        "1234.5", cl_ord_id=name, account="A-1", content_hash=name, order_time_us=TIME_US, input="orders-0-1"
    )


def evidence(*orders: Order, quotes: list[Quote], rejects: Counter[str] | None = None) -> Evidence:
    """Make the evidence of these orders, decided by the trading core after these quotes."""
    shard = Shard(Limits())
    for quote in quotes:
        shard.on_quote(quote, TIME_US)
    reports = [report for asked in orders for report in shard.on_order(asked, TIME_US).reports]
    trades = [report for report in reports if report.exec_type is ExecType.TRADE]
    return Evidence(
        messages=len(orders),
        orders={asked.identity: (record("orders", ORDER_MS), asked) for asked in orders},
        reports=[(record("executions", REPORT_MS), report) for report in reports],
        fills=[booking(report) for report in trades],
        rejects=rejects or Counter(),
    )


def result(found: Evidence, stored: int = 100, messages: int | None = None) -> DemoResult:
    return DemoResult(
        name="demo-1",
        throughputs=[Throughput("fake ticks", 100, 0.5)],
        ticks_sent=100,
        ticks_stored=stored,
        messages_sent=found.messages if messages is None else messages,
        evidence=found,
        probe_seconds=[0.010, 0.030, 0.020],
    )


def test_a_run_with_everything_stored_and_filled_has_no_problem() -> None:
    assert list(problems(result(evidence(order("m-1"), quotes=[QUOTE])), {})) == []


def test_ticks_missing_in_influxdb_are_a_problem() -> None:
    found = evidence(order("m-1"), quotes=[QUOTE])
    assert list(problems(result(found, stored=99), {})) == [
        "ticks: 100 ticks came into the topic 'ticks', 99 points into bid_ask"
    ]


def test_rejects_are_a_problem() -> None:
    found = evidence(quotes=[], rejects=Counter({"ticks": 2}))
    assert list(problems(result(found), {})) == ["rejects: 2 of ticks: see `invoke rejects`"]


def test_orders_missing_in_their_topic_are_a_problem() -> None:
    found = evidence(order("m-1"), quotes=[QUOTE])
    assert list(problems(result(found, messages=2), {})) == [
        "orders: 2 were sent, 1 are in the topic 'orders'"
    ]


def test_an_order_without_a_report_is_a_problem() -> None:
    found = evidence(quotes=[])
    silent = order("m-1")
    found = Evidence(1, {silent.identity: (record("orders", ORDER_MS), silent)}, [], [], Counter())
    assert list(problems(result(found), {})) == ["executions: none for m-1"]


def test_an_open_order_is_a_problem_unless_its_symbol_has_no_price() -> None:
    found = evidence(order("m-1"), quotes=[])
    assert list(problems(result(found), {})) == ["orders: open although their symbols have a price: m-1"]
    assert list(problems(result(found), {"IVE": "there is no quote"})) == []
    text = "\n".join(lines(result(found), {"IVE": "there is no quote"}, AuditFindings(), 0))
    assert "1 order for IVE: there is no quote" in text


def test_each_figure_says_how_it_was_measured() -> None:
    made = result(evidence(order("m-1"), quotes=[QUOTE]))
    figures = list(lines(made, {}, AuditFindings(2, 1), 1_500_000_000))
    assert figures == [
        "  ticks sent          100 records of the topic ticks",
        "  ticks stored        100 points of bid_ask",
        "  orders              1 message, 1 order for one symbol",
        "  executions          2 (1 NEW, 1 TRADE)",
        "  fills               1",
        "  rejects             0",
        "  audited             2 reports and 1 fill decided again, 0 differences",
        "  ticks per second    200 (100 fake ticks in 0.5 s, from the first send to the last point)",
        "  tick to stored      p50 20 ms, p99 30 ms (3 probes, from send to query result)",
        "  order to execution  p50 12 ms, p99 12 ms (1 trade on arrival, between Kafka's append times)",
        "  memory              1.5 GB peak (PSS of the services, Storm, all bolts and the demo)",
    ]


def test_an_order_that_waited_for_a_price_is_not_timed() -> None:
    shard = Shard(Limits())
    asked = order("m-1")
    shard.on_order(asked, TIME_US)
    waited = shard.on_quote(QUOTE, TIME_US)
    assert waited is not None
    found = Evidence(
        messages=1,
        orders={asked.identity: (record("orders", ORDER_MS), asked)},
        reports=[(record("executions", REPORT_MS), report) for report in waited.reports],
        fills=[],
        rejects=Counter(),
    )
    assert decision_ms(found) == []
    assert "order to execution  not measured" in "\n".join(lines(result(found), {}, AuditFindings(), 0))


def test_an_account_has_its_shares_and_its_cash() -> None:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(accounts(evidence(order("m-1"), quotes=[QUOTE])))
    rows = [line.split() for line in captured.get().splitlines() if "A-1" in line]
    assert rows == [["A-1", "1,234.5", "-116,289.90", "0.00"]]
