"""Decimal arithmetic that never rounds.

Python's default context rounds every result to 28 digits, even that of a minus sign; a price times a quantity
can have more. All arithmetic of `trading` on prices, quantities and cash goes through EXACT.
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation

EXACT = Context(
    prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero, Inexact]
)

ZERO = Decimal(0)
CENT = Decimal("0.01")
NUMBER_LIMIT = Decimal(10) ** 18
DECIMALS_MAX = 30
AVERAGE_DECIMALS = 12


def is_bounded(value: Decimal) -> bool:
    """Whether a number is finite, below NUMBER_LIMIT and has at most DECIMALS_MAX decimals."""
    if not value.is_finite() or value.copy_abs() >= NUMBER_LIMIT:
        return False
    exponent = EXACT.normalize(value).as_tuple().exponent
    assert isinstance(exponent, int)  # the number is finite
    return -exponent <= DECIMALS_MAX


def is_whole_cents(amount: Decimal) -> bool:
    """Whether an amount of cash is in whole cents."""
    return EXACT.remainder(amount, CENT) == 0


def whole_lots(quantity: Decimal, lot_size: Decimal) -> Decimal:
    """Return a quantity rounded down to whole lots."""
    return EXACT.multiply(EXACT.divide_int(quantity, lot_size), lot_size)


def lots_down(cash: Decimal, price: Decimal, lot_size: Decimal) -> Decimal:
    """Return the most whole lots that cost at most `cash` at `price`, as a quantity."""
    lots = EXACT.divide_int(cash, EXACT.multiply(price, lot_size))
    return EXACT.multiply(lots, lot_size)


def lots_up(cash: Decimal, price: Decimal, lot_size: Decimal) -> Decimal:
    """Return the fewest whole lots that raise at least `cash` at `price`, as a quantity."""
    lots, rest = EXACT.divmod(cash, EXACT.multiply(price, lot_size))
    return EXACT.multiply(EXACT.add(lots, 1) if rest else lots, lot_size)


def average(cash: Decimal, quantity: Decimal) -> Decimal:
    """Return cash / quantity to 12 decimals, half-even; for display only. quantity is above zero."""
    whole, rest = EXACT.divmod(EXACT.scaleb(cash.copy_abs(), Decimal(AVERAGE_DECIMALS)), quantity)
    doubled = EXACT.add(rest, rest)
    if doubled > quantity or (doubled == quantity and EXACT.remainder(whole, Decimal(2))):
        whole = EXACT.add(whole, 1)
    return EXACT.scaleb(whole, Decimal(-AVERAGE_DECIMALS)).copy_sign(cash)


def seconds_text(time_us: int) -> str:
    """Format microseconds since the epoch as seconds with six decimals."""
    return f"{time_us // 1_000_000}.{time_us % 1_000_000:06d}"


def plain(value: Decimal) -> str:
    """Format a finite number exactly: 10.50 as 10.5, without exponent, trailing zeros or a negative zero."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
