"""Portfolio orders: how one is split into component orders."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from fintank.trading.codes import Breach, Code, coded_reason
from fintank.trading.decimals import CENT, DECIMALS_MAX, EXACT, ZERO, is_whole_cents, plain
from fintank.trading.limits import Limits
from fintank.trading.messages import CASH, CodedReason, Order, OrdType, PortfolioOrder
from fintank.trading.rules import is_known_symbol

COMPONENTS_MAX = 1_000
WEIGHTS_TOLERANCE = Decimal("1e-9")


def component_id(order_id: str, symbol: str) -> str:
    """Return the cl_ord_id of a portfolio order's component."""
    return f"{order_id}-{symbol}"


def components(portfolio_order: PortfolioOrder, limits: Limits) -> tuple[Order, ...]:
    """Split a portfolio order into one MARKET order by cash per symbol, in the portfolio's order.

    CASH and a weight of 0 give no component. A share below one cent gives a component that is rejected
    alone, BELOW_ONE_CENT, so that it does not vanish. A portfolio order that breaks a rule gives one
    component without an amount per distinct symbol other than CASH (CASH if there is no other), all rejected
    with the same code; for TOO_MANY_COMPONENTS only one, as a record must not become 37,000 reports.
    """
    reason = _check(portfolio_order, limits)
    if reason is not None:
        symbols = dict.fromkeys(spec.symbol for spec in portfolio_order.portfolio if spec.symbol != CASH)
        count = 1 if reason.code == Code.TOO_MANY_COMPONENTS else None
        return tuple(
            _component(portfolio_order, symbol, None, reason) for symbol in list(symbols or (CASH,))[:count]
        )
    weights = {spec.symbol: spec.weight for spec in portfolio_order.portfolio if spec.weight > 0}
    return tuple(
        _component(portfolio_order, symbol, amount, None if amount else _below_one_cent(symbol))
        for symbol, amount in split(portfolio_order.amount, weights).items()
        if symbol != CASH
    )


def split_message(message: object, limits: Limits) -> Sequence[Order]:
    """Return the orders for one symbol that a message of `orders` is, or is split into."""
    if isinstance(message, PortfolioOrder):
        return components(message, limits)
    return [message] if isinstance(message, Order) else []


def split(amount: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Divide an amount of whole cents by weight, into whole cents that sum to it exactly.

    Each part is amount x weight / sum of the weights, rounded down to the cent. The cents left over go to the
    largest remainders, one each, of equal ones to the symbol that sorts first. (The sum of the weights may
    differ from 1 by the tolerance; dividing by it keeps every part within a cent of its share.)
    """
    cents = int(EXACT.divide_int(amount, CENT))
    units = {symbol: int(EXACT.scaleb(weight, Decimal(DECIMALS_MAX))) for symbol, weight in weights.items()}
    total = sum(units.values())
    parts = {symbol: divmod(cents * unit, total) for symbol, unit in units.items()}
    left_over = cents - sum(floor for floor, _ in parts.values())
    by_remainder = sorted(parts, key=lambda symbol: (-parts[symbol][1], symbol))
    lucky = set(by_remainder[:left_over])
    return {
        symbol: EXACT.multiply(Decimal(floor + (symbol in lucky)), CENT)
        for symbol, (floor, _) in parts.items()
    }


def _check(portfolio_order: PortfolioOrder, limits: Limits) -> CodedReason | None:
    specs = portfolio_order.portfolio
    amount = portfolio_order.amount
    if len(specs) > COMPONENTS_MAX:
        return coded_reason(Code.TOO_MANY_COMPONENTS, {"components": len(specs), "limit": COMPONENTS_MAX})
    if amount <= 0 or not is_whole_cents(amount):
        return coded_reason(Code.BAD_AMOUNT, {"amount": plain(amount)})
    return (
        _check_symbols(portfolio_order, limits)
        or _check_sum(portfolio_order)
        or _check_currencies((spec.symbol for spec in specs if spec.weight > 0), limits)
    )


def _check_symbols(portfolio_order: PortfolioOrder, limits: Limits) -> CodedReason | None:
    seen: set[str] = set()
    for spec in portfolio_order.portfolio:
        breach: Breach = {"symbol": spec.symbol, "weight": plain(spec.weight)}
        if spec.weight < 0:
            return coded_reason(Code.NEGATIVE_WEIGHT, breach)
        if spec.symbol in seen:
            return coded_reason(Code.DUPLICATE_SYMBOL, breach)
        if spec.symbol != CASH and not is_known_symbol(spec.symbol, limits):
            return coded_reason(Code.UNKNOWN_SYMBOL, breach)
        seen.add(spec.symbol)
    return None


def _check_sum(portfolio_order: PortfolioOrder) -> CodedReason | None:
    total = ZERO
    for spec in portfolio_order.portfolio:
        total = EXACT.add(total, spec.weight)
    if EXACT.subtract(total, Decimal(1)).copy_abs() <= WEIGHTS_TOLERANCE:
        return None
    return coded_reason(Code.WEIGHTS_SUM, {"sum": plain(total), "tolerance": plain(WEIGHTS_TOLERANCE)})


def _check_currencies(symbols: Iterable[str], limits: Limits) -> CodedReason | None:
    """An amount is in one currency, and nothing here changes money."""
    found = [(symbol, limits.instruments.of(symbol).currency) for symbol in symbols if symbol != CASH]
    for symbol, currency in found:
        if currency != found[0][1]:
            breach = {"symbol": symbol, "currency": currency, "expected": found[0][1]}
            return coded_reason(Code.MIXED_CURRENCIES, breach)
    return None


def _below_one_cent(symbol: str) -> CodedReason:
    return coded_reason(Code.BELOW_ONE_CENT, {"symbol": symbol, "cash_order_qty": "0"})


def _component(
    portfolio_order: PortfolioOrder, symbol: str, amount: Decimal | None, reason: CodedReason | None
) -> Order:
    return Order(
        cl_ord_id=component_id(portfolio_order.order_id, symbol),
        account=portfolio_order.account,
        symbol=symbol,
        side=portfolio_order.side,
        order_qty=None,
        cash_order_qty=amount,
        ord_type=OrdType.MARKET,
        priority=portfolio_order.priority,
        time_in_force=portfolio_order.time_in_force,
        list_id=portfolio_order.order_id,
        order_time_us=portfolio_order.order_time_us,
        content_hash=portfolio_order.content_hash,
        input=portfolio_order.input,
        refusal=reason,
        expire_time_us=portfolio_order.expire_time_us,
    )
