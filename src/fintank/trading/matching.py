"""What one open order does at one NBBO: a decision, which is a value."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fintank.trading.exact import lots_down, lots_up, plain
from fintank.trading.limits import Limits
from fintank.trading.messages import Quote, Refusal, Side
from fintank.trading.orders import WorkingOrder
from fintank.trading.quotes import Level, Nbbo
from fintank.trading.rules import Code, refusal


class WaitReason(StrEnum):
    """Why an order can't trade now."""

    NO_QUOTE = "NO_QUOTE"
    CROSSED = "CROSSED"


@dataclass(frozen=True, slots=True)
class Trade:
    """Trade this quantity at this price, that of the quote."""

    last_qty: Decimal
    last_px: Decimal
    quote: Quote


@dataclass(frozen=True, slots=True)
class Wait:
    """Stay open."""

    reason: WaitReason


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the order."""

    refusal: Refusal


Decision = Trade | Wait | Cancel


def can_trade(nbbo: Nbbo) -> bool:
    """Whether any order at all could trade at this NBBO."""
    return not nbbo.is_crossed and (nbbo.bid is not None or nbbo.ask is not None)


def decide(working: WorkingOrder, nbbo: Nbbo, limits: Limits) -> Decision:
    """Decide on an open MARKET order: BUY trades at the ask, SELL at the bid, the whole quantity at once."""
    level = nbbo.ask if working.order.side is Side.BUY else nbbo.bid
    if level is None:
        return Wait(WaitReason.NO_QUOTE)
    if nbbo.is_crossed:
        return Wait(WaitReason.CROSSED)
    leaves_cash = working.leaves_cash
    if leaves_cash is not None:
        return _decide_cash(working.order.side, leaves_cash, level, limits)
    assert working.leaves_qty is not None
    return Trade(working.leaves_qty, level.price, level.quote)


def _decide_cash(side: Side, leaves_cash: Decimal, level: Level, limits: Limits) -> Decision:
    # A BUY never spends more than its cash; a SELL raises at least its cash in its last fill, which each is.
    to_lots = lots_down if side is Side.BUY else lots_up
    last_qty = to_lots(leaves_cash, level.price, limits.lot_size)
    if last_qty:
        return Trade(last_qty, level.price, level.quote)
    breach = {
        "leaves_cash": plain(leaves_cash),
        "price": plain(level.price),
        "lot_size": plain(limits.lot_size),
    }
    return Cancel(refusal(Code.BELOW_MIN_QTY, breach))
