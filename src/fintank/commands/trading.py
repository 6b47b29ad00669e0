"""Commands that end orders, and that halt trading."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from invoke.context import Context

from fintank import settings
from fintank.adapters import rules_file
from fintank.adapters.kafka_scan import Positions, TopicScanner, open_scanner
from fintank.commands import command
from fintank.commands.orders import is_read
from fintank.errors import FintankError
from fintank.order_history import search
from fintank.samples import fake_orders
from fintank.samples.sending import make_topics, send_one
from fintank.terminal.options import argument, whole_number
from fintank.terminal.texts import utc
from fintank.trading.messages import CASH, Order, PortfolioOrder, Report, State, TradingState
from fintank.wire.kafka import executions, order_json, orders
from fintank.wire.kafka.orders import TRADING_STATE_PARTITION

WAIT_SECONDS_MAX = 3_600
POLL_SECONDS = 0.2
KEY = "trading_state"
SHOW = "show"


class Target(NamedTuple):
    """What a cancel asks for: one order, or the open components of a portfolio order (list_id)."""

    account: str
    symbol: str | None
    orig_cl_ord_id: str | None
    list_id: str | None


@command(
    positional=["state"],
    help={"state": "ACTIVE, REDUCING (no BUY) or HALTED; `show` shows the one that was sent last"},
)
def trading_state(_context: Context, state: str) -> None:
    """Set what trading may do, as in: invoke trading_state HALTED"""
    loaded = settings.load()
    if state == SHOW:
        make_topics(loaded.kafka)
        print(_in_force(loaded.kafka))
        return
    wanted = argument("trading_state", state).upper()
    if wanted not in list(State):
        raise FintankError(f"trading_state {state}: must be one of {', '.join(State)}, or {SHOW}")
    make_topics(loaded.kafka)
    value = order_json.trading_state_json(State(wanted), _now_us())
    send_one(loaded.kafka, "orders", KEY, value, TRADING_STATE_PARTITION)
    print(f"Sent to Kafka ({loaded.kafka}) topic 'orders': trading is {wanted}.")
    if not is_read(loaded.kafka):
        print("No topology reads the topic 'orders': it comes into force with the next one (sparse run).")


@command(
    positional=["id"],
    help={
        "id": "the cl_ord_id of an order, or the order_id of a portfolio order",
        "symbol": "where several orders have this cl_ord_id: that of one of them",
        "account": "where several orders have this id: that of one of them",
        "wait": "at most so many seconds for what becomes of it",
    },
)
def cancel(
    _context: Context,
    id: str,  # noqa: A002 - the name that `invoke --help cancel` shows
    symbol: str | None = None,
    account: str | None = None,
    wait: str = "10",
) -> None:
    """End an order, or what is open of a portfolio order, as in: invoke cancel market-20260102-030405-6-1"""
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    loaded = settings.load()
    make_topics(loaded.kafka)
    wanted = argument("cancel", id)
    target = _target(wanted, symbol, account, loaded)
    name = fake_orders.call_name("cancel", _now_us())
    value = order_json.cancel_json(cl_ord_id=name, **target._asdict(), time_us=_now_us())
    for reject in orders.read("orders", 0, f"0,1,{_now_us() // 1000}", value.decode()).rejects:
        raise FintankError(f"cancel {wanted}: {reject.reason} {reject.detail}")
    with open_scanner(loaded.kafka, "executions") as scanner:
        positions = scanner.ends()
        send_one(loaded.kafka, "orders", target.account, value)
        what = "all that is open of" if target.orig_cl_ord_id is None else f"{target.symbol},"
        print(f"Sent {name}: cancel {what} {wanted} of {target.account}.")
        if is_read(loaded.kafka):
            for report in _answers(scanner, positions, name, seconds):
                print(f"  {report.cl_ord_id} {report.exec_type} {report.text}")
        else:
            print("No topology reads the topic 'orders': the cancel waits there for one (sparse run).")
    print(f"To see what becomes of it: invoke order {wanted}")


def targets(
    order_id: str, messages: Sequence[Order | PortfolioOrder], components: Sequence[Order]
) -> list[Target]:
    """Return each different thing that an id may mean, of the messages and components that have it."""
    found = [
        Target(message.account, None, None, message.order_id)
        for message in messages
        if isinstance(message, PortfolioOrder) and message.order_id == order_id
    ]
    found += [
        Target(order.account, order.symbol, order.cl_ord_id, None)
        for order in components
        if order.cl_ord_id == order_id and order.symbol != CASH
    ]
    return list(dict.fromkeys(found))


def _target(order_id: str, symbol: str | None, account: str | None, loaded: settings.Settings) -> Target:
    if symbol is not None and account is not None:
        return Target(account, symbol, order_id, None)
    life = search.find(loaded.kafka, order_id, rules_file.load(loaded))
    messages = [] if life is None else life.messages
    components = [] if life is None else life.orders
    found = [
        target
        for target in targets(order_id, messages, components)
        if symbol in (None, target.symbol) and account in (None, target.account)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise FintankError(
            f"No order {order_id!r} in the topic 'orders' of Kafka ({loaded.kafka}), which keeps 30 days; "
            "with --symbol and --account it is canceled all the same, should it still come"
        )
    named = "; ".join(f"{each.account} {each.symbol or 'portfolio order'}" for each in found)
    raise FintankError(f"Several orders are called {order_id!r}: --account and --symbol name one of {named}")


def _answers(scanner: TopicScanner, positions: Positions, name: str, seconds: int) -> Iterator[Report]:
    """Yield the reports of a cancel, until none comes any more or time is up."""
    deadline = time.monotonic() + seconds
    came = False
    while time.monotonic() < deadline:
        found = [report for report in _reports(scanner, positions) if _is_of(report, name)]
        yield from found
        if came and not found:
            return
        came |= bool(found)
        time.sleep(POLL_SECONDS)
    if not came:
        print(f"Nothing came of it in {seconds} s: `invoke topics` shows what the topology has to read.")


def _reports(scanner: TopicScanner, positions: Positions) -> Iterator[Report]:
    for record in scanner.read(positions):
        with suppress(ValueError):  # what is no report is in the topic rejects
            yield executions.from_json((record.value or b"").decode())


def _is_of(report: Report, name: str) -> bool:
    return report.cl_ord_id == name or (report.text or "") == f"code=CANCEL_REQUESTED cl_ord_id={name}"


def _in_force(address: str) -> str:
    """Say what the latest trading state in the topic is."""
    latest: TradingState | None = None
    with open_scanner(address, "orders") as scanner:
        for record in scanner.read(scanner.starts({TRADING_STATE_PARTITION})):
            if KEY.encode() in (record.value or b""):
                run = f"{record.offset},1,{record.time_ms}"
                text = (record.value or b"").decode(errors="replace").replace("\n", " ")
                for message in orders.read("orders", record.partition, run, text).messages:
                    latest = message if isinstance(message, TradingState) else latest
    if latest is None:
        return f"Trading is {State.ACTIVE}: the topic 'orders' holds no trading_state."
    return f"Trading is {latest.state}, since {utc(latest.time_us / 1000)} ({latest.input})."


def _now_us() -> int:
    return time.time_ns() // 1000
