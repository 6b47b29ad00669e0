from zoneinfo import ZoneInfo

import pytest
from support.csv_reading import HOUR_US, MAY_FIRST_2014_US, OF_IVE, only, read

from fintank.errors import FintankError
from fintank.samples.csv_forms import GivenForm
from fintank.samples.csv_text import BadLine
from fintank.trading.messages import Quote


@pytest.mark.parametrize(
    ("name", "text", "quote"),
    [
        (
            "binance_quotes_2023-05-16_BTCUSDT.csv.gz",
            "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
            "binance,BTCUSDT,1684195200000123,1684195200000999,1,27000.2,27000.1,3\n",
            ("BTCUSDT", "binance", 1_684_195_200_000_123, "27000.1", "27000.2", "3", "1"),
        ),
        (
            "BTCUSDT-bookTicker-2023-05-16.zip",
            "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
            "7,27000.1,1,27000.2,2,1684195200000,1684195200005\n",
            ("BTCUSDT", "BINANCE", 1_684_195_200_000_000, "27000.1", "27000.2", "1", "2"),
        ),
        (
            "EURUSD_Ticks_2014.05.01_2014.05.02.csv",
            "Gmt time,Ask,Bid,AskVolume,BidVolume\n01.05.2014 00:00:00.292,1.38686,1.38676,1.5,0.75\n",
            ("EURUSD", "DUKASCOPY", MAY_FIRST_2014_US + 292_000, "1.38676", "1.38686", "750000", "1500000"),
        ),
        (
            "eurusd-tick-2014-05-01-2014-05-02.csv",
            "timestamp,askPrice,bidPrice,askVolume,bidVolume\n1398902400292,1.38686,1.38676,1.5,0.75\n",
            ("EURUSD", "DUKASCOPY", MAY_FIRST_2014_US + 292_000, "1.38676", "1.38686", "750000", "1500000"),
        ),
        (
            "EURUSD_Ticks_2014.05.01_2014.05.02.csv",
            "Time (EET),Ask,Bid,AskVolume,BidVolume\n2014.05.01 03:00:00.292,1.38686,1.38676,1.5,0.75\n",
            ("EURUSD", "DUKASCOPY", MAY_FIRST_2014_US + 292_000, "1.38676", "1.38686", "750000", "1500000"),
        ),
        (
            "HISTDATA_COM_ASCII_EURUSD_T201405.zip",
            "20140501 000000292,1.386760,1.386860,0\n",
            ("EURUSD", "HISTDATA", MAY_FIRST_2014_US + 5 * HOUR_US + 292_000, "1.386760", "1.386860"),
        ),
        (
            "DAT_ASCII_EURUSD_T_201405.csv",
            "20140501 000000292,1.386760,1.386860,0\n",
            ("EURUSD", "HISTDATA", MAY_FIRST_2014_US + 5 * HOUR_US + 292_000, "1.386760", "1.386860"),
        ),
    ],
    ids=["Tardis", "Binance", "Dukascopy", "dukascopy-node", "Dukascopy EET", "HistData zip", "HistData"],
)
def test_the_files_of_well_known_sources_are_read_as_they_come(
    name: str, text: str, quote: tuple[str | int, ...]
) -> None:
    found = only(text, f"downloads/{name}")
    sizes = [size for size in (found.bid_size, found.ask_size) if size is not None]
    assert (found.symbol, found.exchange, found.time_us, found.bid, found.ask, *sizes) == quote


@pytest.mark.parametrize(
    "text",
    [
        "Time;Ticker;Venue;Bid;Offer\r\n1398902400;IVE;NYSE;94,5;94,7\r\n",
        "ask_price\tbid_price\tsym\tmic\tts\n94.7\t94.5\tIVE\tNYSE\t1398902400\n",
        "TIMESTAMP|SYMBOL|EXCHANGE|BID|ASK\n1398902400|IVE|NYSE|94.5|94.7\n",
        "sep=;\ntimestamp;symbol;exchange;bid;ask\n1398902400;IVE;NYSE;94.5;94.7\n",
        "\n# exported\n\ntimestamp,symbol,exchange,bid,ask\n1398902400,IVE,NYSE,94.5,94.7\n",
        'timestamp,symbol,exchange,bid,ask\n"1398902400", "IVE", "NYSE", "94.5", "94.7"\n',
        "timestamp,symbol,exchange,bid,ask\r1398902400,IVE,NYSE,94.5,94.7\r",
    ],
)
def test_separators_columns_and_line_ends_are_recognized(text: str) -> None:
    quote = only(text)
    assert (quote.symbol, quote.time_us, quote.bid, quote.ask) == ("IVE", MAY_FIRST_2014_US, "94.5", "94.7")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_recognized(encoding: str) -> None:
    text = "timestamp,symbol,exchange,bid,ask\r\n1398902400,IVE,NYSE,94.5,94.7\r\n"
    assert only(text.encode(encoding)).symbol == "IVE"


def test_a_block_of_zeros_spoils_only_its_own_line() -> None:
    text = b"timestamp,symbol,exchange,bid,ask\n1398902400,IVE,NYSE,94.5,94.7\n"
    _, (first, bad) = read(text + bytes(100_000))
    assert (type(first), bad) == (Quote, BadLine(3, "longer than 65,536 characters"))


def test_columns_and_what_no_column_has_can_be_given() -> None:
    given = GivenForm(
        columns={"timestamp": "Day+Clock", "bid": "B", "ask": "A"},
        constants=OF_IVE,
        zone=ZoneInfo("Asia/Tokyo"),
    )
    quote = only("Day,Clock,B,A\n2014-05-01,09:00:00,94.5,94.7\n", given=given)
    assert (quote.time_us, quote.bid, quote.ask) == (MAY_FIRST_2014_US, "94.5", "94.7")
    assert quote.exchange == "NYSE"


def test_a_day_and_a_time_of_day_in_two_columns_are_one_time() -> None:
    text = "Date|Time|Symbol|Exchange|Bid|Offer\n20140501|000001123456789|IVE|N|94.5|94.7\n"
    assert only(text).time_us == MAY_FIRST_2014_US + 1_123_456
    text = "date,time,symbol,exchange,bid,ask\n2014-05-01,1398902400123,IVE,N,94.5,94.7\n"
    assert only(text).time_us == MAY_FIRST_2014_US + 123_000


def test_a_side_that_metatrader_leaves_empty_did_not_change() -> None:
    text = (
        "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n"
        "2014.05.01\t00:00:00.250\t\t1.0667\t\t\t4\n"
        "2014.05.01\t00:00:01.250\t1.0665\t\t\t\t2\n"
        "2014.05.01\t00:00:02.250\tbroken\t\t\t\t2\n"
        "2014.05.01\t00:00:03.250\t\t1.0668\t\t\t4\n"
        "2014.05.01\t00:00:04.250\t9.5e-5\t\t\t\t2\n"
        "2014.05.01\t00:00:05.250\t\t1.0669\t\t\t4\n"
    )
    summary, found = read(text.encode("utf-16"), "EURUSD.a_201405010000_201405020000.csv")
    assert summary.startswith("MetaTrader 5 ticks; separated by tabs")
    assert [line and (line.symbol, line.bid, line.ask) for line in found if isinstance(line, Quote)] == [
        ("EURUSD.A", None, "1.0667"),
        ("EURUSD.A", "1.0665", "1.0667"),
        ("EURUSD.A", None, "1.0668"),
        ("EURUSD.A", "9.5e-5", "1.0668"),
        ("EURUSD.A", "9.5e-5", "1.0669"),
    ]
    assert [line.number for line in found if isinstance(line, BadLine)] == [4]


@pytest.mark.parametrize("bad", ["99:00:00\t1.5\t", "00:00:01\t1.5", "00:00:01\t1,5\t", "x" * 70_000])
def test_after_a_bad_line_no_side_is_taken_for_unchanged(bad: str) -> None:
    text = (
        "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n"
        "2014.05.01\t00:00:00\t1.1\t1.2\t\t\t6\n"
        f"2014.05.01\t{bad}\t\t\t2\n"
        "2014.05.01\t00:00:02\t\t1.6\t\t\t4\n"
    )
    _, (_, line, last) = read(text, "EURUSD_201405010000_201405020000.csv")
    assert isinstance(line, BadLine)
    assert isinstance(last, Quote)
    assert (last.bid, last.ask) == (None, "1.6")


def test_sizes_in_millions_keep_every_digit_or_are_bad() -> None:
    rows = "".join(
        f"2014.05.01 00:00:00,1.5,1.4,{size},1\n" for size in (f"0.{'1' * 30}", "1e-5", "1e999990")
    )
    summary, found = read(f"Gmt time,Ask,Bid,AskVolume,BidVolume\n{rows}", "EURUSD_Ticks.csv")
    assert "; sizes in millions; " in summary
    assert [line.ask_size for line in found if isinstance(line, Quote)] == [f"111111.{'1' * 24}", "10"]
    assert isinstance(found[2], BadLine)
    assert found[2].reason.startswith("ask_size '1e999990' is not")


@pytest.mark.parametrize("header_end", ["", ","])
@pytest.mark.parametrize("row_end", ["", ",", ",,,", ", ,"])
def test_separators_at_the_end_of_a_line_have_no_meaning(header_end: str, row_end: str) -> None:
    text = f"timestamp,symbol,exchange,bid,ask{header_end}\n1398902400,IVE,NYSE,94.5,94.7{row_end}\n"
    assert only(text).ask == "94.7"


def test_points_between_thousands_are_read_where_commas_are_decimal() -> None:
    text = (
        "timestamp;symbol;exchange;bid;ask;bid_size\n"
        "1398902400;IVE;NYSE;999,5;1.094,25;12.000\n"
        "1398902401;IVE;NYSE;-;1.094,25;1\n"
    )
    first, second = read(text)[1]
    assert isinstance(first, Quote)
    assert (first.bid, first.ask, first.bid_size) == ("999.5", "1094.25", "12000")
    assert isinstance(second, BadLine)
    assert second.reason.startswith("bid '-' is not")


def test_commas_between_thousands_are_not_read_as_decimal() -> None:
    rows = "1398902400;IVE;NYSE;1,094;1,095\n" * 3 + "1398902400;IVE;NYSE;1,094.50;1,095\n"
    _, found = read(f"timestamp;symbol;exchange;bid;ask\n{rows}")
    assert [type(line) for line in found] == [BadLine] * 4


@pytest.mark.parametrize("other", ["1,094;95.5", "1,094,000;95"])
def test_of_a_file_with_both_marks_no_number_is_read_as_a_thousandth(other: str) -> None:
    rows = "1398902400;IVE;NYSE;1,094;1,095\n" * 3 + f"1398902400;IVE;NYSE;{other}\n"
    _, found = read(f"timestamp;symbol;exchange;bid;ask\n{rows}")
    assert [type(line) for line in found] == [BadLine] * 4


def test_a_given_value_is_checked_like_any_other() -> None:
    given = GivenForm(constants={"symbol": 'I"%s\\', "exchange": "NYSE"})
    (line,) = read("timestamp,bid,ask\n1398902400,94.5,94.7\n", given=given)[1]
    assert isinstance(line, BadLine)
    assert "BAD_SYMBOL" in line.reason
    given = GivenForm(constants={"symbol": "\x1b[31m", "exchange": "a\nb"})
    summary, _ = read("timestamp,bid,ask\n1398902400,94.5,94.7\n", given=given)
    assert summary == r"symbol \x1b[31m; exchange a\nb"


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("a,b\n1,2\n", {}, "no column timestamp, bid, ask: name them, as in --columns bid=BidPrice"),
        ("timestamp,bid,ask\n1,2,3\n", {}, "no column symbol: give it for all lines, as in --symbol EURUSD"),
        ("time,bid,bid,ask\n1,2,3,4\n", {}, "more than one column bid"),
        ("time,b,ask\n1,2,3\n", {"bid": "X"}, "--columns bid=X: no column 'X': its columns are time, b, ask"),
        ("", {}, "is empty"),
        (b"\x00\x01\x02\xff\xfe" * 50, {}, "is not text"),
        ("time,B,B,ask\n1,2,2,3\n", {"bid": "B"}, "--columns bid=B: more than one column has this name"),
        (",".join(f"c{at}" for at in range(9_000)), {"bid": "X"}, "c29, \\.\\.\\.$"),
        (f"a\x1b[2J,{'b' * 9_000}", {"bid": "X"}, r"columns are a\\x1b\[2J, b{80}$"),
    ],
)
def test_a_form_that_is_unclear_is_one_line_with_its_cure(
    text: str | bytes, given: dict[str, str], message: str
) -> None:
    with pytest.raises(FintankError, match=f"^quotes.csv: .*{message}"):
        read(text, given=GivenForm(columns=given))


def test_what_was_guessed_is_told_and_nothing_of_our_own_form() -> None:
    assert read("timestamp,symbol,exchange,bid,ask,bid_size\n1398902400,IVE,NYSE,94,95,\n")[0] == ""
    summary, _ = read("Time;bid;ask\n2014-05-01 00:00:00;94,5;94,7\n", given=GivenForm(constants=OF_IVE))
    assert summary == (
        "separated by semicolons; decimal commas; timestamp from 'Time'; symbol IVE; exchange NYSE; "
        "times: year first in UTC"
    )
