"""Recording a feed: connecting, again after every fault, and sending its quotes on."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidURI, WebSocketException

from fintank.errors import FintankError
from fintank.feeds.exchange import Exchange, shown_url
from fintank.feeds.quote_state import QuoteState
from fintank.trading.messages import Quote
from fintank.waiting import now_us
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

OPEN_SECONDS_MAX = 10.0
PING_SECONDS = 5.0
SILENT_SECONDS_MAX = 60.0
"""A connection without any message for this long counts as dead, even if it answers pings."""
RETRY_SECONDS_MIN = 0.5
RETRY_SECONDS_MAX = 30.0
AGAIN_SECONDS = 1.0
QUOTED_SECONDS_MAX = 10.0
"""A symbol without a quote for this long may be misspelt."""
MESSAGE_BYTES_MAX = 1 << 20

Send = Callable[[Quote], None]


class Recorder:
    """Sends the quotes of a feed until it is stopped.

    Whenever the connection is gone, all its quotes are withdrawn: nothing may trade on a price that nobody
    confirms.
    """

    def __init__(
        self,
        exchange: Exchange,
        symbols: Sequence[str],
        send: Send,
        report: Callable[[str], None],
        allows_negative: AllowsNegative = only_positive,
    ) -> None:
        self.state = QuoteState(exchange, symbols, allows_negative)
        self.gaps = 0
        """How often the connection was lost."""
        self.is_connected = False
        self._exchange = exchange
        self._symbols = symbols
        self._send = send
        self._report = report
        self._heard = 0.0

    def summary(self) -> str:
        """Describe the state of the feed in one line."""
        counts, ahead_us = self.state.counts, self.state.clock_ahead_us
        parts = [
            f"{self._exchange.name} {'connected' if self.is_connected else 'not connected'}",
            f"{counts['quotes']:,} quotes",
            f"{self.gaps:,} gaps",
            f"{counts['missed']:,} missed",
            f"{self.state.ignored.total():,} ignored",
        ]
        if ahead_us is not None:
            parts.append(f"clock {ahead_us / 1_000:+,.0f} ms")
        return ", ".join(parts)

    async def run(self, seconds: float | None) -> None:
        """Record for so long, by default until it is canceled; the quotes are withdrawn at the end.

        FintankError if the first connection fails, or the venue refuses the subscription.
        """
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._record()
        finally:
            self._withdraw()

    async def _record(self) -> None:
        retry_s = RETRY_SECONDS_MIN
        was_connected = False
        url = shown_url(self._exchange.url)
        while True:
            quotes_before = self.state.counts["quotes"]
            try:
                async with connect(
                    self._exchange.url,
                    open_timeout=OPEN_SECONDS_MAX,
                    ping_interval=PING_SECONDS,
                    ping_timeout=PING_SECONDS,
                    max_size=MESSAGE_BYTES_MAX,
                ) as socket:
                    self.is_connected = was_connected = True
                    await self._receive(socket)
                reason = "the venue closed the connection"
            except (InvalidURI, ValueError) as error:  # ValueError: a port or a host name that can't be
                fault = error.msg if isinstance(error, InvalidURI) else "its host or port can't be"
                raise FintankError(f"{url} is no address of a websocket: {fault}") from None
            except (OSError, WebSocketException, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                if not was_connected:
                    raise FintankError(
                        f"{url} can't be reached ({reason}): check the network, or name "
                        f"another address with --url"
                    ) from None
            if self.is_connected:
                self.gaps += 1
                retry_s = RETRY_SECONDS_MIN if self.state.counts["quotes"] > quotes_before else retry_s
            self._withdraw()
            self._report(f"{reason}; connecting again in {retry_s:.1f} s")
            await asyncio.sleep(retry_s * random.uniform(0.8, 1.2))
            retry_s = min(2 * retry_s, RETRY_SECONDS_MAX)

    async def _receive(self, socket: ClientConnection) -> None:
        for message in self._exchange.subscriptions(self._symbols):
            await socket.send(message)
        self._heard = time.monotonic()
        repeating = asyncio.create_task(self._repeat(socket))
        try:
            async for text in socket:
                self._heard = time.monotonic()
                for quote in self.state.on_message(_text(text), now_us(), _monotonic_us()):
                    self._send(quote)
        finally:
            repeating.cancel()

    async def _repeat(self, socket: ClientConnection) -> None:
        """Send the held quotes again each second; close a connection that has become silent."""
        started = time.monotonic()
        is_asked = False
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            if time.monotonic() - self._heard > SILENT_SECONDS_MAX:
                await socket.close(reason="silent")
                return
            if not is_asked and time.monotonic() - started > QUOTED_SECONDS_MAX:
                is_asked = True
                if self.state.silent_symbols:
                    self._report(f"no quote of {', '.join(self.state.silent_symbols)} yet: check the symbol")
            for quote in self.state.again(_monotonic_us()):
                self._send(quote)

    def _withdraw(self) -> None:
        self.is_connected = False
        for quote in self.state.withdrawn(_monotonic_us()):
            self._send(quote)


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1_000
