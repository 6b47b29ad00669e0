"""invoke queue_orders: send made-up portfolio orders."""

from fintank.adapters import rules_file
from fintank.commands import command
from fintank.samples import fake_orders
from fintank.samples.fake_orders import FakePortfolioOrder
from fintank.samples.fake_ticks import SYMBOLS_MAX, symbol_names
from fintank.samples.produce import make_topics, send
from fintank.samples.quoted_symbols import SYMBOLS_MIN, of_one_currency, quoted_or_named, quoted_symbols
from fintank.settings import Settings
from fintank.terminal.options import whole_number
from fintank.terminal.texts import counted
from fintank.waiting import now_us

COUNT_MAX = 100_000
SHOWN_ORDERS_MAX = 20


@command(
    help={
        "count": "number of portfolio orders",
        "seed": "the same seed sends the same orders, with new ids and times",
        "symbols": "choose from this many symbols of queue_ticks --symbols; default: those with recent ticks",
    }
)
def queue_orders(
    settings: Settings, count: str = "10", seed: str | None = None, symbols: str | None = None
) -> None:
    """Send made-up portfolio orders to Kafka.

    Example: invoke queue_orders --count 20 --seed 7
    """
    total = whole_number("--count", count, maximum=COUNT_MAX)
    address, limits = settings.kafka, rules_file.load(settings)
    noun = counted(total, "portfolio order")
    print(f"Seeding Kafka ({address}) topic 'orders' with {noun}.", flush=True)
    make_topics(address)
    name = fake_orders.call_name("portfolio", now_us())
    if symbols is None:
        quoted = quoted_symbols(address, limits)
        chosen = quoted_or_named(of_one_currency(quoted, limits.instruments))
    else:
        chosen = symbol_names(whole_number("--symbols", symbols, minimum=SYMBOLS_MIN, maximum=SYMBOLS_MAX))
    orders = list(fake_orders.portfolio_orders(seed, chosen, total, name))
    send(address, "orders", "portfolio order", (order.record(now_us()) for order in orders), total)
    for order in orders[:SHOWN_ORDERS_MAX]:
        print(readable(order))
    if total > SHOWN_ORDERS_MAX:
        print(f"and {total - SHOWN_ORDERS_MAX:,} more, up to {name}-{total}")
    print(f"To follow one of them: invoke order {name}-1")
    print("Done.")


def readable(order: FakePortfolioOrder) -> str:
    """Return one line with an order's id and content."""
    weights = ", ".join(f"{spec.symbol} {spec.weight}" for spec in order.portfolio)
    return (
        f"  {order.order_id}  {order.account}  {order.side:<4}  {order.amount:>12,}  "
        f"priority {order.priority}  {weights}"
    )
