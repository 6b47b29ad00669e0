"""What a shard does with a message, whatever its kind."""

from fintank.trading.effects import Effects
from fintank.trading.messages import Order, Quote, TradingState
from fintank.trading.requests import CancelRequest
from fintank.trading.shard import Shard

Message = Quote | Order | CancelRequest | TradingState


def decide(shard: Shard, message: Message, log_us: int) -> Effects | None:
    """Let a shard decide on a message at a log time, in microseconds; None if there is nothing to write."""
    if isinstance(message, Quote):
        return shard.on_quote(message, log_us)
    if isinstance(message, Order):
        return shard.on_order(message, log_us)
    if isinstance(message, TradingState):
        return shard.on_trading_state(message, log_us)
    return shard.on_cancel(message, log_us)
