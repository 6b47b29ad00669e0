import json
from collections.abc import Sequence

import pytest

from fintank.feeds.binance import Binance
from fintank.feeds.coinbase import Coinbase
from fintank.feeds.exchange import Exchange, SubscriptionError
from fintank.feeds.own_feed import OwnFeed
from fintank.feeds.quote_state import KINDS_MAX, OTHER_KINDS, QuoteState

NOW_US = 1_764_000_000_000_000
SECOND_US = 1_000_000
BINANCE_QUOTE = {
    "u": 400900217,
    "s": "BNBUSDT",
    "b": "25.35190000",
    "B": "31.21000000",
    "a": "25.36520000",
    "A": "40.66000000",
}
COINBASE_TICKER = {
    "type": "ticker",
    "sequence": 37475248783,
    "product_id": "ETH-USD",
    "price": "1285.22",
    "best_bid": "1285.04",
    "best_bid_size": "0.46688654",
    "best_ask": "1285.27",
    "best_ask_size": "1.56637040",
    "side": "buy",
    "time": "2025-11-24T16:00:00.061769Z",
    "trade_id": 370843401,
    "last_size": "11.4396987",
}


class Feed:
    """A feed whose messages all come at NOW_US."""

    def __init__(self, exchange: Exchange, symbols: Sequence[str]) -> None:
        self.state = QuoteState(exchange, symbols)

    def take(self, message: object, now_us: int = NOW_US) -> tuple[str | None, ...] | None:
        text = message if isinstance(message, str) else json.dumps(message)
        sent = [
            (quote.bid, quote.bid_size, quote.ask, quote.ask_size)
            for quote in self.state.on_message(text, now_us, now_us)
        ]
        return sent[0] if sent else None


def binance() -> Feed:
    return Feed(Binance(), ["bnbusdt"])


def test_a_book_ticker_of_binance_is_a_quote_at_the_time_it_came() -> None:
    feed = binance()
    assert feed.take(BINANCE_QUOTE) == ("25.3519", "31.21", "25.3652", "40.66")
    (again,) = feed.state.again(NOW_US)
    assert (again.symbol, again.exchange, again.time_us) == ("BNBUSDT", "BINANCE", NOW_US)


def test_a_ticker_of_coinbase_is_a_quote_at_the_venues_time() -> None:
    feed = Feed(Coinbase(), ["ETH-USD"])
    (quote,) = feed.state.on_message(json.dumps(COINBASE_TICKER), NOW_US, NOW_US)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (
        *("1285.04", "0.46688654"),
        *("1285.27", "1.5663704"),
    )
    assert quote.time_us == NOW_US + 61_769
    assert feed.state.clock_ahead_us == 61_769


def test_a_heartbeat_of_coinbase_shows_the_trades_that_were_missed() -> None:
    feed = Feed(Coinbase(), ["ETH-USD"])
    heartbeat = {
        "type": "heartbeat",
        "sequence": 90,
        "product_id": "ETH-USD",
        "time": COINBASE_TICKER["time"],
    }
    feed.take(COINBASE_TICKER)
    feed.take({**heartbeat, "last_trade_id": 370843401})
    assert feed.state.counts["missed"] == 0
    feed.take({**heartbeat, "last_trade_id": 370843404})
    feed.take({**heartbeat, "last_trade_id": 370843404})
    assert feed.state.counts["missed"] == 3


@pytest.mark.parametrize(
    ("exchange", "message", "reason"),
    [
        (
            Binance(),
            {"code": 2, "msg": "Invalid request"},
            "Binance refused .*: Invalid request",
        ),
        (Binance(), {"error": {"code": -1121, "msg": "Invalid symbol."}, "id": 1}, "Invalid symbol"),
        (
            Coinbase(),
            {"type": "error", "message": "Failed", "reason": "X is not a valid product"},
            "X is not",
        ),
    ],
)
def test_a_refused_subscription_ends_the_feed(exchange: Exchange, message: object, reason: str) -> None:
    with pytest.raises(SubscriptionError, match=reason):
        Feed(exchange, ["X"]).take(message)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("nonsense", "JSONDecodeError"),
        ("[]", "AttributeError"),
        ({"e": "serverShutdown", "E": 1}, "serverShutdown"),
        ({**BINANCE_QUOTE, "s": "BTCUSDT"}, "a symbol that was not asked for"),
        ({**BINANCE_QUOTE, "b": "many"}, "ValueError: BAD_TYPE"),
        ({"u": 1, "b": "1"}, "KeyError"),
    ],
)
def test_what_is_no_quote_is_counted_by_kind_with_its_first_example(message: object, kind: str) -> None:
    feed = binance()
    assert feed.take(message) is None
    assert feed.take(message) is None
    ((found, count),) = feed.state.ignored.items()
    assert found.startswith(kind)
    assert count == 2
    assert feed.state.examples[found]


def test_what_a_venue_makes_up_is_bounded_and_harmless_to_a_terminal() -> None:
    feed = binance()
    for number in range(1_000):
        feed.take({"e": f"kind {number} \x1b[31m\n" + "x" * 10_000})
    assert len(feed.state.ignored) == KINDS_MAX + 1
    assert feed.state.ignored[OTHER_KINDS] == 1_000 - KINDS_MAX
    texts = [*feed.state.ignored, *feed.state.examples.values()]
    assert all(text.isprintable() and len(text) < 1_000 for text in texts)
    with pytest.raises(SubscriptionError, match="refused") as found:
        feed.take({"error": {"msg": "no\nno"}})
    assert len(str(found.value).splitlines()) == 1


@pytest.mark.parametrize("time", ["1e300", "-1e300", "NaN", "1e999", "[]", '"x"'])
def test_a_time_that_can_not_be_moves_no_clock(time: str) -> None:
    feed = binance()
    feed.take(f'{{"e": "24hrMiniTicker", "E": {time}}}')
    assert feed.state.clock_ahead_us is None
    assert feed.state.ignored.total() == 1


@pytest.mark.parametrize("field", ["q", "t"])
@pytest.mark.parametrize(
    "value", ["1e999999999", "-1e999999999", '"1e99999"', "NaN", "[]", "{}", "true", '"x"']
)
def test_an_absurd_number_of_an_own_feed_is_ignored_at_once(field: str, value: str) -> None:
    table = {"exchange": "DESK", "symbol": "s", "bid": "b", "ask": "a", "sequence": "q", "time": "t"}
    feed = Feed(OwnFeed({**table, "url": "ws://x"}), ["X"])
    texts = {"s": '"X"', "b": "1", "a": "2", "q": "1", "t": str(NOW_US // SECOND_US), field: value}
    feed.take("{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}")
    assert feed.state.ignored.total() == (0 if (field, value) == ("q", "true") else 1)


def test_an_older_or_doubled_quote_is_ignored() -> None:
    feed = binance()
    assert feed.take(BINANCE_QUOTE)
    assert feed.take({**BINANCE_QUOTE, "u": BINANCE_QUOTE["u"], "b": "1"}) is None
    assert feed.take({**BINANCE_QUOTE, "u": 5, "b": "1"}) is None
    assert feed.state.again(NOW_US)[0].bid == "25.3519"


def test_a_venue_that_counts_anew_is_followed_after_a_second_of_older_quotes() -> None:
    feed = binance()
    feed.take(BINANCE_QUOTE)
    anew = {**BINANCE_QUOTE, "b": "20"}
    for after_us in (0, SECOND_US):
        assert feed.take({**anew, "u": after_us + 1}, NOW_US + after_us) is None
    assert feed.take({**BINANCE_QUOTE, "u": BINANCE_QUOTE["u"] + 1}, NOW_US + SECOND_US) is not None  # type: ignore[operator]
    for after_us in (2 * SECOND_US, 3 * SECOND_US):
        assert feed.take({**anew, "u": after_us}, NOW_US + after_us) is None
    assert feed.take({**anew, "u": 9}, NOW_US + 3 * SECOND_US + 1) == ("20", "31.21", "25.3652", "40.66")
    assert feed.take({**anew, "u": 8}, NOW_US + 3 * SECOND_US + 2) is None


@pytest.mark.parametrize("field", [{"b": "dear"}, {"a": "1e400"}, {"A": "-1"}])
def test_the_quote_of_a_symbol_whose_message_is_malformed_is_withdrawn(field: dict[str, str]) -> None:
    feed = Feed(Binance(), ["bnbusdt", "ETHUSDT"])
    feed.take(BINANCE_QUOTE)
    feed.take({**BINANCE_QUOTE, "s": "ETHUSDT"})
    newer = {**BINANCE_QUOTE, "u": BINANCE_QUOTE["u"] + 1}  # type: ignore[operator]
    assert feed.take({**newer, **field}) == (None, None, None, None)
    assert [quote.symbol for quote in feed.state.again(NOW_US)] == ["ETHUSDT"]
    assert feed.take(newer) == ("25.3519", "31.21", "25.3652", "40.66")


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"u": 1, "b": "1"}'),
        *(json.dumps({**BINANCE_QUOTE, "s": symbol}) for symbol in (5, None, [], {})),
    ],
)
def test_all_quotes_are_withdrawn_if_a_message_does_not_tell_its_symbol(text: str) -> None:
    feed = Feed(Binance(), ["bnbusdt", "ETHUSDT"])
    feed.take(BINANCE_QUOTE)
    feed.take({**BINANCE_QUOTE, "s": "ETHUSDT"})
    sent = feed.state.on_message(text, NOW_US, NOW_US)
    assert [(quote.symbol, quote.bid) for quote in sent] == [("BNBUSDT", None), ("ETHUSDT", None)]
    assert feed.state.again(NOW_US) == []


def test_a_heartbeat_with_a_time_that_can_not_be_withdraws_nothing() -> None:
    feed = binance()
    feed.take(BINANCE_QUOTE)
    assert feed.take({"e": "24hrMiniTicker", "E": 10**17}) is None
    assert [quote.symbol for quote in feed.state.again(NOW_US)] == ["BNBUSDT"]


def test_a_negative_price_is_one_where_the_instrument_allows_it() -> None:
    message = json.dumps({**BINANCE_QUOTE, "b": "-1.5", "a": "0"})
    state = QuoteState(Binance(), ["BNBUSDT"], lambda symbol: symbol == "BNBUSDT")
    (quote,) = state.on_message(message, NOW_US, NOW_US)
    assert quote
    assert (quote.bid, quote.ask) == ("-1.5", "0")
    assert QuoteState(Binance(), ["BNBUSDT"]).on_message(message, NOW_US, NOW_US) == []


def test_an_empty_side_stays_empty() -> None:
    assert binance().take({**BINANCE_QUOTE, "b": "0.00000000", "B": "0.00000000"}) == (
        None,
        None,
        "25.3652",
        "40.66",
    )


def test_a_held_quote_ages_with_the_time_since_it_came_and_never_goes_back() -> None:
    table = {"exchange": "DESK", "symbol": "s", "bid": "b", "ask": "a", "time": "t", "time_unit": "us"}
    feed = Feed(OwnFeed({**table, "url": "ws://x"}), ["X"])
    message = {"s": "X", "b": 1, "a": 2, "t": NOW_US + 61_769}
    feed.take(message)
    assert feed.state.again(NOW_US + 3 * SECOND_US)[0].time_us == NOW_US + 3 * SECOND_US + 61_769
    assert feed.take({**message, "b": 1.5, "t": NOW_US + SECOND_US})
    assert feed.state.again(NOW_US)[0].time_us == NOW_US + 3 * SECOND_US + 61_769


def test_a_quote_is_not_repeated_where_the_best_prices_can_move_unseen() -> None:
    feed = Feed(Coinbase(), ["ETH-USD"])
    feed.take(COINBASE_TICKER)
    assert feed.state.again(NOW_US + SECOND_US) == []
    (empty,) = feed.state.withdrawn(NOW_US + SECOND_US)
    assert (empty.symbol, empty.bid, empty.ask) == ("ETH-USD", None, None)


def test_withdrawn_quotes_are_empty_and_are_not_sent_again() -> None:
    feed = binance()
    feed.take(BINANCE_QUOTE)
    (empty,) = feed.state.withdrawn(NOW_US + SECOND_US)
    assert (empty.bid, empty.ask, empty.time_us) == (None, None, NOW_US + SECOND_US)
    assert feed.state.withdrawn(NOW_US) == feed.state.again(NOW_US) == []
    assert feed.take(BINANCE_QUOTE), "after a new connection the sequence may begin anew"


def test_a_symbol_without_a_quote_is_known() -> None:
    feed = Feed(Binance(), ["BNBUSDT", "bnbusd"])
    feed.take(BINANCE_QUOTE)
    assert feed.state.silent_symbols == ["BNBUSD"]


def test_a_feed_of_ones_own_is_read_by_its_paths() -> None:
    paths = {"symbol": "d.s", "bid": "d.b.0.p", "ask": "d.a.0.p", "bid_size": "d.b.0.q", "time": "d.t"}
    feed = Feed(OwnFeed({"exchange": "DESK", "url": "ws://x", "time_unit": "ms", **paths}), ["IVE"])
    data = {"s": "IVE", "b": [{"p": 94.10, "q": 5}], "a": [], "t": NOW_US // 1000}
    assert feed.take({"d": data}) == ("94.1", "5", None, None)
    assert feed.take({"status": "ok"}) is None
    assert dict(feed.state.ignored) == {"message without a symbol": 1}
