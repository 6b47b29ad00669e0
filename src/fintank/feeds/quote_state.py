"""The quotes to send for a feed: each as it comes, again while it holds, and empty once the feed is gone."""

from collections import Counter
from collections.abc import Iterable

from fintank.feeds.exchange import Exchange, FeedMessage, Heartbeat, Ignored, SubscriptionError, VenueQuote
from fintank.output import printable
from fintank.trading.messages import Quote
from fintank.wire.kafka import tick_json
from fintank.wire.kafka.records import Record
from fintank.wire.kafka.tick_record import AllowsNegative, only_positive

TEXT_CHARS_MAX = 200
KINDS_MAX = 50
OTHER_KINDS = "of other kinds"
RESTARTED_US = 1_000_000
"""If only older quotes come for longer than this, the venue has restarted its numbering."""
CLOCK_AHEAD_US_MAX = 10**15
"""No clock is wrong by more than 30 years."""


class QuoteState:
    """Turns a feed's messages into quotes. All times are in microseconds; monotonic_us only measures.

    A symbol's times never go back, or the rule engine would skip the quote: where the venue's clock is behind
    that of an earlier quote, the earlier time counts.
    """

    def __init__(
        self, exchange: Exchange, symbols: Iterable[str], allows_negative: AllowsNegative = only_positive
    ) -> None:
        self.counts: Counter[str] = Counter(quotes=0, missed=0)
        self.ignored: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        """The first message of each kind that was ignored; the kinds after KINDS_MAX are counted as one."""
        self.clock_ahead_us: int | None = None
        """How far the venue's clock is ahead of ours, at most, by the message that came fastest."""
        self._exchange = exchange
        self._allows_negative = allows_negative
        self._held: dict[str, tuple[Quote, int]] = {}
        self._symbols = {symbol.upper() for symbol in symbols}
        self._sequences: dict[str, int] = {}
        self._older_since_us: dict[str, int] = {}
        self._latest_us: dict[str, int] = {}

    @property
    def silent_symbols(self) -> list[str]:
        """The symbols without any quote so far."""
        return sorted(self._symbols - {symbol.upper() for symbol in self._latest_us})

    def on_message(self, text: str, now_us: int, monotonic_us: int) -> list[Quote]:
        """Take in a message; return the quotes to send. SubscriptionError passes.

        What can't be read may have changed a price: the quote of its symbol, or all if that is not known, are
        withdrawn.
        """
        message: FeedMessage | None = None
        try:
            message = self._exchange.parsed(text)
            quote = self._taken(message, text, now_us, monotonic_us)
        except SubscriptionError as error:
            raise SubscriptionError(printable(str(error), TEXT_CHARS_MAX)) from None
        except Exception as error:  # a message may be anything; none ends the feed
            self._ignore(f"{type(error).__name__}: {error}", text)
            return self._emptied(self._concerned(message), monotonic_us)
        return [] if quote is None else [quote]

    def again(self, monotonic_us: int) -> list[Quote]:
        """Return each held quote with the time of now, if the venue would have sent any change of it."""
        if not self._exchange.sends_every_change:
            return []
        return [self._now(symbol, monotonic_us) for symbol in self._held]

    def withdrawn(self, monotonic_us: int) -> list[Quote]:
        """Return an empty quote for each symbol, and forget what was held: nothing trades on it any more."""
        self._sequences.clear()
        self._older_since_us.clear()
        return self._emptied(list(self._held), monotonic_us)

    def _concerned(self, message: FeedMessage | None) -> list[str]:
        """Return the symbols whose prices a message may have been about: all, if it names none."""
        if message is None or (isinstance(message, VenueQuote) and not isinstance(message.symbol, str)):
            return list(self._held)
        return [message.symbol] if isinstance(message, VenueQuote) else []

    def _emptied(self, symbols: Iterable[str], monotonic_us: int) -> list[Quote]:
        """Forget the held quotes of these symbols; return an empty one for each."""
        held = [self._now(symbol, monotonic_us) for symbol in symbols if symbol in self._held]
        for quote in held:
            del self._held[quote.symbol]
        return [quote._replace(bid=None, ask=None, bid_size=None, ask_size=None) for quote in held]

    def _now(self, symbol: str, monotonic_us: int) -> Quote:
        quote, since_us = self._held[symbol]
        return self._timed(quote, quote.time_us + monotonic_us - since_us)

    def _taken(self, message: FeedMessage, text: str, now_us: int, monotonic_us: int) -> Quote | None:
        if isinstance(message, Ignored):
            self._ignore(message.kind, text)
            return None
        if message.time_us is not None:
            ahead_us = message.time_us - now_us
            if not abs(ahead_us) <= CLOCK_AHEAD_US_MAX:
                raise ValueError("a time out of range")
            self.clock_ahead_us = max(self.clock_ahead_us or ahead_us, ahead_us)
        if isinstance(message, Heartbeat):
            self.counts["missed"] += message.missed
            return None
        if message.symbol.upper() not in self._symbols:
            self._ignore("a symbol that was not asked for", text)
            return None
        if self._is_older(message, monotonic_us):
            self._ignore("an older quote", text)
            return None
        quote = self._hold(message, now_us, monotonic_us)
        if message.sequence is not None:
            self._sequences[message.symbol] = message.sequence
        return quote

    def _is_older(self, quote: VenueQuote, monotonic_us: int) -> bool:
        """Whether a newer quote came before; not after RESTARTED_US, in which no newer one came."""
        if quote.sequence is not None and quote.sequence <= self._sequences.get(quote.symbol, -1):
            since_us = self._older_since_us.setdefault(quote.symbol, monotonic_us)
            if monotonic_us - since_us <= RESTARTED_US:
                return True
        self._older_since_us.pop(quote.symbol, None)
        return False

    def _hold(self, message: VenueQuote, now_us: int, monotonic_us: int) -> Quote:
        quote = self._checked(message, now_us if message.time_us is None else message.time_us, now_us)
        quote = self._timed(quote, quote.time_us)
        self._held[quote.symbol] = quote, monotonic_us
        self.counts["quotes"] += 1
        return quote

    def _checked(self, message: VenueQuote, time_us: int, now_us: int) -> Quote:
        """Read the quote as the tick that it becomes; MalformedError if it can't be one."""
        made = Quote(
            message.symbol,
            self._exchange.name,
            time_us,
            partition=0,
            offset=0,
            bid=message.bid,
            ask=message.ask,
            bid_size=message.bid_size,
            ask_size=message.ask_size,
        )
        record = Record("ticks", 0, 0, now_us // 1000 + 1, value=tick_json.tick_of_texts(made))
        read = tick_json.from_record(record, self._allows_negative)
        return read._replace(time_us=time_us)

    def _timed(self, quote: Quote, time_us: int) -> Quote:
        time_us = max(time_us, self._latest_us.get(quote.symbol, 0))
        self._latest_us[quote.symbol] = time_us
        return quote._replace(time_us=time_us)

    def _ignore(self, kind: str, text: str) -> None:
        kind = printable(kind, TEXT_CHARS_MAX)
        if kind not in self.ignored and len(self.ignored) >= KINDS_MAX:
            kind = OTHER_KINDS
        self.ignored[kind] += 1
        self.examples.setdefault(kind, printable(text, TEXT_CHARS_MAX))
