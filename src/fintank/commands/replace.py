"""invoke replace: change the price, the quantity or the end of an open order."""

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history import cancel_target
from fintank.order_history.outcomes import WAIT_SECONDS_MAX, send_request
from fintank.samples import fake_orders
from fintank.samples.produce import make_topics
from fintank.settings import Settings
from fintank.terminal.options import moment_us, whole_number
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders


@command(
    positional=["id"],
    help={
        "id": "a cl_ord_id of the order, its present one or an earlier one",
        "price": "its new limit price",
        "stop": "its new stop price",
        "quantity": "its new quantity, including what has traded",
        "cash": "the new amount of an order by cash, including what has traded",
        "expire": "the new end of a GTD order, as in 2026-12-01T16:00:00Z",
        "symbol": "the order's symbol, if several orders have this cl_ord_id",
        "account": "the order's account, if several orders have this cl_ord_id",
        "wait": "wait for the result for at most this many seconds",
    },
)
def replace(
    settings: Settings,
    id: str,  # noqa: A002 - the name that `invoke --help replace` shows
    *,
    price: str | None = None,
    stop: str | None = None,
    quantity: str | None = None,
    cash: str | None = None,
    expire: str | None = None,
    symbol: str | None = None,
    account: str | None = None,
    wait: str = "10",
) -> None:
    """Change an open order; it gets a new id.

    Example: invoke replace ticket-42 --price 93.9 --quantity 10
    """
    seconds = whole_number("--wait", wait, minimum=0, maximum=WAIT_SECONDS_MAX)
    terms = {
        "order_qty": quantity,
        "cash_order_qty": cash,
        "price": price,
        "stop_px": stop,
        "expire_time": None if expire is None else moment_us("--expire", expire) / 1_000_000,
    }
    if not any(terms.values()):
        raise FintankError(
            f"replace {id}: name what changes: --price, --quantity, --cash, --stop or --expire"
        )
    make_topics(settings.kafka)
    target = cancel_target.find(settings.kafka, id, symbol, account, rules_file.load(settings))
    if target.orig_cl_ord_id is None:
        raise FintankError(
            f"replace {id}: a portfolio order can't be replaced, only its components: "
            f"`invoke order {id}` names them"
        )
    time_us = now_us()
    name = fake_orders.call_name("replace", time_us)
    same = {key: value for key, value in target._asdict().items() if key != "list_id"}
    value = orders.to_json(MsgType.REPLACE, cl_ord_id=name, **same, **terms, time_us=time_us)
    what = f"{name}: replace {target.symbol}, {target.orig_cl_ord_id} of {target.account}"
    send_request(settings.kafka, value, time_us, what, seconds)
    print(f"To follow the order: invoke order {name}")
