"""Commands that send orders to Kafka and show what became of them."""

import time
from collections.abc import Iterable, Iterator, Sequence

from invoke.context import Context
from rich import box
from rich.table import Table

from fintank import settings
from fintank.adapters import kafka, rules_file
from fintank.adapters.kafka_groups import GROUPS, live_members
from fintank.adapters.kafka_scan import Positions, TopicScanner, open_scanner
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import search
from fintank.order_history.life import timeline
from fintank.samples import fake_orders
from fintank.samples.fake_orders import FakeMarketOrder, FakePortfolioOrder
from fintank.samples.fake_ticks import NAMED_SYMBOLS, symbol_names
from fintank.samples.sending import make_topics, send
from fintank.terminal.options import argument, whole_number
from fintank.terminal.progress import counted
from fintank.terminal.screen import console
from fintank.terminal.texts import utc
from fintank.trading.decimals import plain
from fintank.trading.limits import Limits
from fintank.trading.messages import ExecutionReport
from fintank.wire.kafka import executions as execution_wire
from fintank.wire.kafka import order_json, quote_json

COUNT_MAX = 100_000
SYMBOLS_MIN = 2
SYMBOLS_MAX = 100_000
SHOWN_ORDERS_MAX = 20
WAITED_ORDERS_MAX = 1_000
WAIT_SECONDS_MAX = 3_600
POLL_SECONDS = 0.2
RECENT_TICKS_MAX = 1_000
TABLE_CHARS_MIN = 150


@command(
    help={
        "count": "how many portfolio orders",
        "seed": "the same seed sends the same orders, but for their ids and times",
        "symbols": "how many symbols of queue_ticks --symbols to choose from; else those with recent ticks",
    }
)
def queue_orders(
    _context: Context, count: str = "10", seed: str | None = None, symbols: str | None = None
) -> None:
    """Send made-up portfolio orders to Kafka, as in: invoke queue_orders --count 20 --seed 7"""
    total = whole_number("--count", count, maximum=COUNT_MAX)
    loaded = settings.load()
    address, limits = loaded.kafka, rules_file.load(loaded)
    told = counted(total, "portfolio order")
    print(f"Seeding Kafka ({address}) topic 'orders' with {told}.", flush=True)
    make_topics(address)
    name = fake_orders.call_name("portfolio", _now_us())
    if symbols is None:
        chosen = _symbols(_quoted_symbols(address, limits))
    else:
        chosen = symbol_names(whole_number("--symbols", symbols, minimum=SYMBOLS_MIN, maximum=SYMBOLS_MAX))
    orders = list(fake_orders.portfolio_orders(seed, chosen, total, name))
    send(address, "orders", "portfolio order", _portfolio_records(orders), total)
    for order in orders[:SHOWN_ORDERS_MAX]:
        print(readable(order))
    if total > SHOWN_ORDERS_MAX:
        print(f"and {total - SHOWN_ORDERS_MAX:,} more, up to {name}-{total}")
    print(f"To see what becomes of one: invoke order {name}-1")
    print("Done.")


@command(
    help={
        "count": "how many market orders",
        "wait": "at most so many seconds for their executions",
    }
)
def executions(_context: Context, count: str = "10", wait: str = "30") -> None:
    """Send market orders and show their executions, as in: invoke executions --count 5 --wait 10"""
    total = whole_number("--count", count, maximum=WAITED_ORDERS_MAX)
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    loaded = settings.load()
    address, limits = loaded.kafka, rules_file.load(loaded)
    print(f"Seeding Kafka ({address}) topic 'orders' with {counted(total, 'market order')}.", flush=True)
    make_topics(address)
    quoted = _quoted_symbols(address, limits)
    name = fake_orders.call_name("market", _now_us())
    symbols = _symbols(quoted)
    orders = list(fake_orders.market_orders(symbols, total, name))
    with open_scanner(address, "executions") as scanner:
        positions = scanner.ends()
        send(address, "orders", "market order", _market_records(orders), total)
        print(f"To see what becomes of one: invoke order {name}-1")
        if not quoted:
            print("No quote in the topic 'ticks' is recent: the orders wait for one (invoke queue_ticks).")
        if not is_read(address):
            print("No topology reads the topic 'orders': the orders wait there for one (sparse run -t 60).")
        else:
            print(f"Waiting at most {seconds} s for the topic 'executions'.", flush=True)
            ids = {order.cl_ord_id for order in orders}
            _show(_awaited(scanner, positions, ids, bool(quoted), seconds), ids)
    print("Done.")


@command(
    positional=["id"],
    help={"id": "the order_id of a portfolio order, or a cl_ord_id"},
)
def order(_context: Context, id: str) -> None:  # noqa: A002 - the name that `invoke --help order` shows
    """Show one order's whole life, as in: invoke order portfolio-20260102-030405-000006-1"""
    wanted = argument("order", id)
    loaded = settings.load()
    address, limits = loaded.kafka, rules_file.load(loaded)
    make_topics(address)
    life = search.find(address, wanted, limits)
    if life is None:
        raise FintankError(
            f"No order {wanted!r} in the topic 'orders' of Kafka ({address}), which keeps 30 days: "
            "`invoke show orders` has the latest ids, and says if an open transaction hides some"
        )
    for line in timeline(life):
        print(line)


def readable(made: FakePortfolioOrder) -> str:
    """Return one line of an order's id and content."""
    weights = ", ".join(f"{spec.symbol} {spec.weight}" for spec in made.portfolio)
    return (
        f"  {made.order_id}  {made.account}  {made.side:<4}  {made.amount:>12,}  "
        f"priority {made.priority}  {weights}"
    )


def table(reports: Iterable[ExecutionReport]) -> Table:
    """Return one row a report; qty and px are of the trade, without one of the order."""
    made = Table("time", "cl_ord_id", "exec_type", "symbol", "side", box=box.SIMPLE_HEAD)
    made.add_column("qty", justify="right")
    made.add_column("px", justify="right")
    made.add_column("venue")
    made.add_column("status")
    for report in reports:
        qty, px = report.last_qty or report.order_qty, report.last_px
        made.add_row(
            utc(report.transact_time_us / 1000),
            report.cl_ord_id,
            report.exec_type,
            report.symbol,
            report.side,
            "" if qty is None else plain(qty),
            "" if px is None else plain(px),
            report.last_mkt or "",
            report.ord_status,
        )
    return made


def _portfolio_records(orders: Iterable[FakePortfolioOrder]) -> Iterator[tuple[str, bytes]]:
    for made in orders:
        yield made.account, order_json.portfolio_order_json(**made._asdict(), time_us=_now_us())


def _market_records(orders: Iterable[FakeMarketOrder]) -> Iterator[tuple[str, bytes]]:
    for made in orders:
        yield made.account, order_json.market_order_json(**made._asdict(), time_us=_now_us())


def _symbols(quoted: Sequence[str]) -> Sequence[str]:
    """Return the symbols to order: those with recent ticks, for others might wait for ever."""
    return quoted if len(quoted) >= SYMBOLS_MIN else symbol_names(len(NAMED_SYMBOLS))


def _quoted_symbols(address: str, limits: Limits) -> list[str]:
    """Return the symbols among the latest ticks that came within the age at which a quote is still used."""
    oldest_ms = (_now_us() - limits.max_quote_age_us) // 1000
    symbols = set()
    with open_scanner(address, "ticks") as scanner:
        for record in scanner.last(RECENT_TICKS_MAX, scanner.ends()):
            if record.value is not None and record.time_ms >= oldest_ms:
                try:
                    text = record.value.decode()
                    symbols.add(quote_json.from_json(text, record.partition, record.offset).symbol)
                except ValueError:
                    continue  # what is no tick is in the topic rejects
    return sorted(symbols)


def is_read(address: str) -> bool:
    """Whether a topology reads the topic `orders`."""
    with kafka.connect(address) as admin:
        return any(member.group == GROUPS["orders"] for member in live_members(admin))


def _awaited(
    scanner: TopicScanner, positions: Positions, ids: set[str], are_quoted: bool, seconds: int
) -> list[ExecutionReport]:
    """Return the reports of these orders once each is terminal, or NEW if it can't trade, or time is up."""
    deadline = time.monotonic() + seconds
    keys = {name.encode() for name in ids}
    waited_for = set(ids)
    reports = []
    while True:
        for record in scanner.read(positions):
            if record.key in keys and record.value is not None:
                report = execution_wire.from_json(record.value.decode())
                if not isinstance(report, ExecutionReport):
                    continue
                reports.append(report)
                if report.ord_status.is_terminal or not are_quoted:
                    waited_for.discard(report.cl_ord_id)
        if not waited_for or time.monotonic() > deadline:
            return reports
        time.sleep(POLL_SECONDS)


def _show(reports: Sequence[ExecutionReport], ids: set[str]) -> None:
    if reports:
        console(TABLE_CHARS_MIN).print(table(reports))
    silent = ids - {report.cl_ord_id for report in reports}
    if silent:
        print(f"{counted(len(silent), 'order')} without an execution so far: `invoke topics` shows the lag.")


def _now_us() -> int:
    return time.time_ns() // 1000
