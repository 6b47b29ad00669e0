"""What the recorder needs to know of an exchange, and what an exchange's messages become."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from fintank.errors import FintankError

_EPOCH = datetime.fromtimestamp(0, UTC)
_URL = re.compile(r"(wss?://)(?:[^/?#@]*@)?([^?#@]*)([?#][^@]*)?")


class VenueQuote(NamedTuple):
    """The best bid and ask of a venue; the numbers are its own text.

    time_us: when the venue sent it; None if it does not say. sequence: grows from quote to quote of a symbol;
    None if the venue has none.
    """

    symbol: str
    bid: str | None
    ask: str | None
    bid_size: str | None
    ask_size: str | None
    time_us: int | None = None
    sequence: int | None = None


class Heartbeat(NamedTuple):
    """A sign of life of the venue; missed: how many messages it sent that never came."""

    time_us: int | None = None
    missed: int = 0


class Ignored(NamedTuple):
    """A message that is no quote, and what it is instead."""

    kind: str


FeedMessage = VenueQuote | Heartbeat | Ignored


class SubscriptionError(FintankError):
    """The venue refused the subscription: connecting again would not help."""


class Exchange(Protocol):
    """The protocol of one exchange."""

    name: str
    """The exchange of its ticks."""
    url: str
    sends_every_change: bool
    """Whether each change of a best price is a message: without one, the price still holds."""

    def subscriptions(self, symbols: Sequence[str]) -> list[str]:
        """Return the messages that ask for the quotes of these symbols."""

    def parsed(self, text: str) -> FeedMessage:
        """Read a message; SubscriptionError if it is a refusal, any other error if it can't be read."""


def iso_us(text: str) -> int:
    """Read an ISO 8601 time as microseconds since the epoch; ValueError if it has no zone."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no zone, such as Z or +01:00")
    return (time - _EPOCH) // timedelta(microseconds=1)


def shown_url(url: str) -> str:
    """Return a URL as messages show it: without login and query, which may hold a password or a key."""
    match = _URL.fullmatch(url)
    if match is None:
        return "..." if {"@", "?"} & {*url} else url
    return f"{match[1]}{match[2]}{'?...' if match[3] else ''}"
