"""The trading states in force, by the topic `orders`."""

from fintank.adapters.topic_reader import open_reader
from fintank.trading.messages import Order, TradingState
from fintank.wire.bolts.order_stream import MsgType
from fintank.wire.kafka import orders
from fintank.wire.kafka.orders import TRADING_STATE_PARTITION

_NAME = MsgType.TRADING_STATE.encode()


def in_force(address: str) -> list[TradingState]:
    """Return the latest trading state of everything, and of each symbol and account, as they came first."""
    latest: dict[tuple[str | None, str | None], TradingState] = {}
    with open_reader(address, "orders") as reader:
        for record in reader.read(reader.starts({TRADING_STATE_PARTITION})):
            if _NAME in (record.value or b""):
                message = orders.from_record(record)
                if isinstance(message, TradingState):
                    latest[message.symbol, message.account] = message
    return list(latest.values())


def scope(symbol: str | None, account: str | None) -> str:
    """Return the words that follow a state and say what it is for; none if it is for everything."""
    if symbol is not None:
        return f" for {symbol}"
    return "" if account is None else f" for the account {account}"


def forbids(message: TradingState, order: Order) -> bool:
    """Whether a state keeps an order from trading."""
    is_meant = message.symbol in (None, order.symbol) and message.account in (None, order.account)
    return is_meant and not message.state.allows(order.side)
