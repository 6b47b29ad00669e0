"""invoke cancel: cancel an order, the rest of a portfolio order, or many orders."""

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import cancel_target
from fintank.order_history.outcomes import WAIT_SECONDS_MAX, send_request
from fintank.samples import fake_orders
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.optional_id import TaskWithOptionalId
from fintank.terminal.options import whole_number
from fintank.trading.requests import Scope
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders


@command(
    positional=["id"],
    klass=TaskWithOptionalId,
    help={
        "id": "the cl_ord_id of an order, or the order_id of a portfolio order",
        "symbol": "without ID: all open orders of this symbol; with ID: the symbol of its order",
        "account": "without ID: all open orders of this account; with ID: the account of its order",
        "all": "all open orders",
        "wait": "wait for the result for at most this many seconds",
    },
)
def cancel(
    settings: Settings,
    id: str,  # noqa: A002 - the name that `invoke --help cancel` shows
    *,
    symbol: str | None = None,
    account: str | None = None,
    all: bool = False,  # noqa: A002
    wait: str = "10",
) -> None:
    """Cancel orders.

    Example: invoke cancel market-20260102-030405-6-1
    Example: invoke cancel --account A-1001
    """
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    time_us = now_us()
    name = fake_orders.call_name("cancel", time_us)
    if not id:
        scope = _scope(symbol, account, is_all=all)
        make_topics(settings.kafka)
        fields = {"cl_ord_id": name, "scope": scope, "symbol": symbol, "account": account}
        value = orders.to_json(MsgType.MASS_CANCEL, **fields, time_us=time_us)
        of = {Scope.ALL: "", Scope.SYMBOL: f" for {symbol}", Scope.ACCOUNT: f" of {account}"}[scope]
        send_request(settings.kafka, value, time_us, f"{name}: cancel all open orders{of}", seconds)
        return
    if all:
        raise FintankError(f"cancel {id}: --all cancels every open order, so it goes without an ID")
    make_topics(settings.kafka)
    target = cancel_target.find(settings.kafka, id, symbol, account, rules_file.load(settings))
    value = orders.to_json(MsgType.CANCEL, cl_ord_id=name, **target._asdict(), time_us=time_us)
    of_order = f"{target.symbol}," if target.orig_cl_ord_id else "all open components of"
    what = f"{name}: cancel {of_order} {target.orig_cl_ord_id or id} of {target.account}"
    send_request(settings.kafka, value, time_us, what, seconds)
    print(f"To follow the order: invoke order {id}")


def _scope(symbol: str | None, account: str | None, is_all: bool) -> Scope:
    """Return which orders are meant; FintankError unless exactly one of the three is."""
    chosen = {Scope.SYMBOL: symbol is not None, Scope.ACCOUNT: account is not None, Scope.ALL: is_all}
    found = [scope for scope, is_chosen in chosen.items() if is_chosen]
    if len(found) != 1:
        raise FintankError("cancel: give an ID, or one of --account A-1001, --symbol IVE and --all")
    return found[0]
