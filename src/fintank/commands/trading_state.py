"""invoke trading_state: halt trading, or allow it again."""

from collections.abc import Iterator

from fintank.adapters.consumer_groups import are_orders_read
from fintank.commands import command
from fintank.errors import FintankError
from fintank.order_history.states_in_force import in_force, scope
from fintank.samples.message_file import placed
from fintank.samples.produce import make_topics, send_one
from fintank.settings import Settings
from fintank.terminal.texts import utc
from fintank.trading.messages import State
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders

SHOW = "show"


@command(
    positional=["state"],
    help={
        "state": "ACTIVE, SELL_ONLY (no BUY) or HALTED; `show` prints the states in force",
        "symbol": "only for this symbol",
        "account": "only for this account",
    },
)
def trading_state(
    settings: Settings, state: str, symbol: str | None = None, account: str | None = None
) -> None:
    """Set what trading may do.

    Example: invoke trading_state HALTED --symbol IVE
    """
    address = settings.kafka
    if state == SHOW:
        make_topics(address)
        for line in _lines(address):
            print(line)
        return
    wanted = state.upper()
    if wanted not in list(State):
        raise FintankError(f"trading_state {state}: must be one of {', '.join(State)}, or {SHOW}")
    if symbol is not None and account is not None:
        raise FintankError("trading_state: --symbol and --account can't be given together; send two")
    make_topics(address)
    time_us = now_us()
    fields = {"state": State(wanted), "symbol": symbol, "account": account}
    value = orders.to_json(MsgType.TRADING_STATE, **fields, time_us=time_us)
    send_one(address, "orders", *placed(value, time_us, f"trading_state {wanted}"))
    print(f"Sent to Kafka ({address}) topic 'orders': trading is {wanted}{scope(symbol, account)}.")
    if not are_orders_read(address):
        print("No topology reads the topic 'orders': it takes effect with the next one (sparse run).")


def _lines(address: str) -> Iterator[str]:
    """Yield a line for the latest trading state of everything, and of each symbol and account."""
    found = in_force(address)
    if all(message.symbol or message.account for message in found):
        yield f"Trading is {State.ACTIVE}: the topic 'orders' has no trading_state for everything."
    for message in found:
        what = f"{message.state}{scope(message.symbol, message.account)}"
        yield f"Trading is {what}, since {utc(message.time_us / 1000)} ({message.input})."
