"""invoke record: live quotes of an exchange."""

import asyncio
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fintank.adapters import rules_file
from fintank.adapters.bulk_producer import BulkProducer
from fintank.commands import command
from fintank.errors import FintankError, missing_package
from fintank.feeds import own_feed
from fintank.feeds.binance import Binance
from fintank.feeds.coinbase import Coinbase
from fintank.feeds.csv_output import written
from fintank.feeds.exchange import Exchange, shown_url
from fintank.samples.produce import make_topics
from fintank.settings import PROJECT_ROOT, Settings
from fintank.terminal.options import positive_number
from fintank.terminal.screen import LiveLine
from fintank.terminal.texts import counted
from fintank.trading.messages import Quote
from fintank.wire.kafka.tick_json import tick_of_texts

if TYPE_CHECKING:
    from fintank.feeds.recorder import Recorder

EXCHANGES: Mapping[str, Callable[[], Exchange]] = {"binance": Binance, "coinbase": Coinbase}
SHOW_SECONDS = 1.0
FEEDS_FILE = PROJECT_ROOT / "feeds.toml"


@command(
    positional=["exchange", "symbols"],
    help={
        "exchange": f"{', '.join(EXCHANGES)}, or a feed of feeds.toml",
        "symbols": "one or more symbols as the exchange writes them",
        "to": "also write the quotes to this CSV file; .gz is compressed",
        "url": "another address for the websocket",
        "seconds": "stop after this many seconds; default: run until Ctrl-C",
    },
)
def record(
    settings: Settings,
    exchange: str,
    symbols: str,
    *,
    to: str | None = None,
    url: str | None = None,
    seconds: str | None = None,
) -> None:
    """Send live quotes to Kafka.

    Example: invoke record binance BTCUSDT ETHUSDT --to quotes.csv.gz
    """
    if find_spec("websockets") is None:
        raise missing_package("record")
    from fintank.feeds.recorder import Recorder  # it needs websockets

    limit_s = None if seconds is None else positive_number("--seconds", seconds)
    venue = _exchange(exchange)
    if url is not None:
        venue.url = url
    names = symbols.split()
    if not names:
        raise FintankError("record: name at least one symbol, as in: invoke record binance BTCUSDT")
    allows_negative = rules_file.load(settings).instruments.allows_negative
    make_topics(settings.kafka)
    source = f"{', '.join(names)} of {shown_url(venue.url)}"
    print(f"Recording {source} to Kafka ({settings.kafka}) topic 'ticks'.", flush=True)
    producer = BulkProducer(settings.kafka, "ticks")
    try:
        with written(None if to is None else Path(to)) as write:

            def send(quote: Quote) -> None:
                producer.send(quote.symbol, tick_of_texts(quote))
                write(quote)

            def report(text: str) -> None:
                print(f"{venue.name}: {text}", flush=True)

            _run(Recorder(venue, names, send, report, allows_negative), venue.name, limit_s)
    finally:
        producer.finish()
        print(f"{counted(producer.delivered, 'tick')} sent.")


def _exchange(name: str) -> Exchange:
    own = own_feed.load(FEEDS_FILE)
    if name in own:
        return own[name]
    if name not in EXCHANGES:
        raise FintankError(f"There is no feed {name!r}: choose one of {', '.join((*EXCHANGES, *own))}")
    return EXCHANGES[name]()


def _run(recorder: "Recorder", name: str, limit_s: float | None) -> None:
    async def show() -> None:
        shown: set[str] = set()
        with LiveLine() as line:
            while True:
                await asyncio.sleep(SHOW_SECONDS)
                line.show(recorder.summary())
                for kind in recorder.state.ignored.keys() - shown:
                    print(f"{name}: ignored: {kind}: {recorder.state.examples[kind]}", flush=True)
                    shown.add(kind)

    async def both() -> None:
        showing = asyncio.create_task(show())
        try:
            await recorder.run(limit_s)
        finally:
            showing.cancel()

    try:
        asyncio.run(both())
    finally:
        print(recorder.summary())
