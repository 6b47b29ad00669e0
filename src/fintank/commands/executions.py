"""invoke executions: send market orders and wait for their executions."""

from collections.abc import Sequence

from fintank.adapters import rules_file
from fintank.adapters.topic_reader import open_reader
from fintank.commands import command
from fintank.order_history import outcomes, waiting_reason
from fintank.samples import fake_orders
from fintank.samples.produce import make_topics, send
from fintank.samples.quoted_symbols import quoted_or_named, quoted_symbols
from fintank.settings import Settings
from fintank.terminal.options import whole_number
from fintank.terminal.texts import counted
from fintank.trading.limits import Limits
from fintank.waiting import now_us


@command(
    help={
        "count": "number of market orders",
        "wait": "wait for their executions for at most this many seconds",
    }
)
def executions(settings: Settings, count: str = "10", wait: str = "30") -> None:
    """Send market orders and show their executions.

    Example: invoke executions --count 5 --wait 10
    """
    total = whole_number("--count", count, maximum=outcomes.WAITED_MESSAGES_MAX)
    seconds = whole_number("--wait", wait, minimum=0, maximum=outcomes.WAIT_SECONDS_MAX)
    address, limits = settings.kafka, rules_file.load(settings)
    print(f"Seeding Kafka ({address}) topic 'orders' with {counted(total, 'market order')}.", flush=True)
    make_topics(address)
    quoted = quoted_symbols(address, limits)
    name = fake_orders.call_name("market", now_us())
    orders = list(fake_orders.market_orders(quoted_or_named(quoted), total, name))
    with open_reader(address, "executions") as reader:
        positions = reader.ends()
        send(address, "orders", "market order", (order.record(now_us()) for order in orders), total)
        print(f"To follow one of them: invoke order {name}-1")
        _say_what_waits(address, [order.symbol for order in orders], limits)
        sent = outcomes.Sent([order.cl_ord_id for order in orders])
        outcomes.wait(address, reader, positions, sent, seconds, name=name, until_new=not quoted)
    print("Done.")


def _say_what_waits(address: str, symbols: Sequence[str], limits: Limits) -> None:
    """Say of each symbol why its orders can't trade now, such as that its quotes are too old."""
    for symbol in dict.fromkeys(symbols):
        quotes = waiting_reason.recent_quotes(address, symbol, limits)
        why = waiting_reason.of_symbol(symbol, quotes, now_us(), limits)
        if why is not None:
            is_quiet = all(now_us() - arrival_us > limits.max_quote_age_us for _, arrival_us in quotes)
            cure = ": send some (invoke queue_ticks)" if is_quiet else ""
            print(f"Orders for {symbol} wait: {why}{cure}.")
