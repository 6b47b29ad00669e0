"""invoke trading_state: halt trading, or allow it again."""

from fintank.adapters.consumer_groups import is_read
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.errors import FintankError
from fintank.samples.produce import make_topics, send_one
from fintank.settings import Settings
from fintank.terminal.options import argument
from fintank.terminal.texts import utc
from fintank.trading.messages import State, TradingState
from fintank.waiting import now_us
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders
from fintank.wire.kafka.orders import TRADING_STATE_PARTITION

KEY = "trading_state"
SHOW = "show"


@command(
    positional=["state"],
    help={"state": "ACTIVE, REDUCING (no BUY) or HALTED; `show` prints the one that was sent last"},
)
def trading_state(settings: Settings, state: str) -> None:
    """Set what trading may do, as in: invoke trading_state HALTED"""
    address = settings.kafka
    if state == SHOW:
        make_topics(address)
        print(_latest(address))
        return
    wanted = argument("trading_state", state).upper()
    if wanted not in list(State):
        raise FintankError(f"trading_state {state}: must be one of {', '.join(State)}, or {SHOW}")
    make_topics(address)
    value = orders.to_json(MsgType.TRADING_STATE, state=State(wanted), time_us=now_us())
    send_one(address, "orders", KEY, value, TRADING_STATE_PARTITION)
    print(f"Sent to Kafka ({address}) topic 'orders': trading is {wanted}.")
    if not is_read(address, "orders"):
        print("No topology reads the topic 'orders': it takes effect with the next one (sparse run).")


def _latest(address: str) -> str:
    """Return a line on the latest trading state in the topic."""
    latest: TradingState | None = None
    with open_reader(address, "orders") as reader:
        for record in reader.read(reader.starts({TRADING_STATE_PARTITION})):
            if KEY.encode() in (record.value or b""):
                message = orders.from_record(record)
                latest = message if isinstance(message, TradingState) else latest
    if latest is None:
        return f"Trading is {State.ACTIVE}: the topic 'orders' has no trading_state."
    return f"Trading is {latest.state}, since {utc(latest.time_us / 1000)} ({latest.input})."
