"""Every code for why an order or a cancel was rejected, or an order canceled, and FIX's numbers for them."""

from collections.abc import Mapping
from enum import StrEnum

from fintank.trading.messages import CodedReason


class Code(StrEnum):
    """The reason, as `code=` in a report's text."""

    BAD_AMOUNT = "BAD_AMOUNT"
    BAD_EXPIRE_TIME = "BAD_EXPIRE_TIME"
    BAD_LOT = "BAD_LOT"
    BAD_PRICE = "BAD_PRICE"
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_TICK = "BAD_TICK"
    BELOW_CUM_QTY = "BELOW_CUM_QTY"
    BELOW_MIN_QTY = "BELOW_MIN_QTY"
    BELOW_ONE_CENT = "BELOW_ONE_CENT"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    DUPLICATE_SYMBOL = "DUPLICATE_SYMBOL"
    FOK_NOT_FILLED = "FOK_NOT_FILLED"
    INCOMPLETE_ORDER = "INCOMPLETE_ORDER"
    IOC_REMAINDER = "IOC_REMAINDER"
    MAX_OPEN_ORDERS = "MAX_OPEN_ORDERS"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    MAX_ORDER_QTY = "MAX_ORDER_QTY"
    MIXED_CURRENCIES = "MIXED_CURRENCIES"
    NEGATIVE_WEIGHT = "NEGATIVE_WEIGHT"
    NO_CASH_ORDER = "NO_CASH_ORDER"
    NO_QUOTE = "NO_QUOTE"
    NO_REFERENCE = "NO_REFERENCE"
    PRICE_BAND = "PRICE_BAND"
    PRICE_PROTECTION = "PRICE_PROTECTION"
    PRIORITY_TIF = "PRIORITY_TIF"
    SESSION_CLOSED = "SESSION_CLOSED"
    STALE_ORDER = "STALE_ORDER"
    STOP_TIF = "STOP_TIF"
    TOO_LATE = "TOO_LATE"
    TOO_MANY_COMPONENTS = "TOO_MANY_COMPONENTS"
    TRADING_HALTED = "TRADING_HALTED"
    UNEXPECTED_FIELD = "UNEXPECTED_FIELD"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    WEIGHTS_SUM = "WEIGHTS_SUM"


# FIX OrdRejReason (103); 99, other, for all other codes.
ORD_REJ_REASON: Mapping[str, int] = {
    Code.UNKNOWN_SYMBOL: 1,
    Code.TRADING_HALTED: 2,
    Code.MAX_OPEN_ORDERS: 3,
    Code.MAX_ORDER_NOTIONAL: 3,
    Code.MAX_ORDER_QTY: 3,
    Code.DUPLICATE_ORDER: 6,
    Code.STALE_ORDER: 8,
    Code.INCOMPLETE_ORDER: 11,
    Code.NO_CASH_ORDER: 11,
    Code.PRIORITY_TIF: 11,
    Code.STOP_TIF: 11,
    Code.UNEXPECTED_FIELD: 11,
    Code.BAD_AMOUNT: 13,
    Code.BAD_LOT: 13,
    Code.BAD_QUANTITY: 13,
    Code.BELOW_MIN_QTY: 13,
    Code.BELOW_ONE_CENT: 13,
    Code.PRICE_BAND: 16,
    Code.BAD_TICK: 18,
}
# FIX CxlRejReason (102), likewise.
CXL_REJ_REASON: Mapping[str, int] = {
    Code.TOO_LATE: 0,
    Code.UNKNOWN_ORDER: 1,
    Code.DUPLICATE_ORDER: 6,
    Code.PRICE_BAND: 8,
    Code.BAD_TICK: 18,
}
# FIX ExecRestatementReason (378): broker option, and partial decline of OrderQty; none for all other codes.
EXEC_RESTATEMENT_REASON: Mapping[str, int] = {
    Code.MAX_ORDER_NOTIONAL: 4,
    Code.MAX_ORDER_QTY: 4,
    Code.PRICE_BAND: 4,
    Code.BELOW_MIN_QTY: 5,
}
OTHER = 99

Breach = Mapping[str, object]
"""The numbers of a breach, as in the text of its report."""


def coded_reason(code: Code, breach: Breach) -> CodedReason:
    """Format a code and its numbers: `code=WEIGHTS_SUM sum=0.9`."""
    return CodedReason(
        code, " ".join([f"code={code}", *(f"{name}={value}" for name, value in breach.items())])
    )
