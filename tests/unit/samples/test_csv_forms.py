import io
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from fintank.errors import FintankError
from fintank.samples import csv_forms, quote_csv
from fintank.samples.csv_forms import GivenForm
from fintank.samples.csv_text import BadLine
from fintank.trading.messages import Quote

NOW_MS = 1_764_000_000_000
MAY_FIRST_2014_US = 1_398_902_400_000_000
HOUR_US = 3_600_000_000
NOTHING = GivenForm()
OF_IVE = {"symbol": "IVE", "exchange": "NYSE"}


def read(
    text: str | bytes, name: str = "quotes.csv", given: GivenForm = NOTHING
) -> tuple[str, list[Quote | BadLine]]:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    form, summary = csv_forms.guess(file, name, given)
    file.seek(0)
    return summary, list(quote_csv.read(file, form, NOW_MS))


def only(text: str | bytes, name: str = "quotes.csv", given: GivenForm = NOTHING) -> Quote:
    (line,) = read(text, name, given)[1]
    assert isinstance(line, Quote), line
    return line


def time_us(text: str, given: GivenForm = NOTHING) -> int:
    return only(f"time;symbol;exchange;bid;ask\n{text};IVE;NYSE;94;95\n", given=given).time_us


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
    ("text", "expected_us"),
    [
        ("1398902400", MAY_FIRST_2014_US),
        ("1398902400292", MAY_FIRST_2014_US + 292_000),
        ("1398902400292.5", MAY_FIRST_2014_US + 292_500),
        ("1.398902400292e12", MAY_FIRST_2014_US + 292_000),
        ("1.398902400292123E+18", MAY_FIRST_2014_US + 292_123),
        ("1398902400292123", MAY_FIRST_2014_US + 292_123),
        ("1398902400292123999", MAY_FIRST_2014_US + 292_123),
        ("2014-05-01T00:00:00Z", MAY_FIRST_2014_US),
        ("2014-05-01T02:00:00.5+02:00", MAY_FIRST_2014_US + 500_000),
        ("2014-05-01 00:00:00.123456789", MAY_FIRST_2014_US + 123_456),
        ("2014-05-01 00:00", MAY_FIRST_2014_US),
        ("2014.05.01 00:00:00,25", MAY_FIRST_2014_US + 250_000),
        ("2014/05/01 00:00:00", MAY_FIRST_2014_US),
        ("20140501 00:00:00.1", MAY_FIRST_2014_US + 100_000),
        ("20140501 000000100", MAY_FIRST_2014_US + 100_000),
        ("01.05.2014 03:00:00.000 GMT+0300", MAY_FIRST_2014_US),
        ("13/05/2014 00:00:00", MAY_FIRST_2014_US + 12 * 24 * HOUR_US),
        ("05/13/2014 00:00:00", MAY_FIRST_2014_US + 12 * 24 * HOUR_US),
        ("05/13/2014 12:00:00.5 AM", MAY_FIRST_2014_US + 12 * 24 * HOUR_US + 500_000),
        ("2014-05-01 1:30 pm", MAY_FIRST_2014_US + 27 * HOUR_US // 2),
        ("20140501000000", MAY_FIRST_2014_US),
        ("20140501000000250", MAY_FIRST_2014_US + 250_000),
    ],
)
def test_times_are_numbers_in_any_unit_or_dates(text: str, expected_us: int) -> None:
    assert time_us(text) == expected_us


def test_a_date_that_names_no_zone_is_in_the_given_one_summer_and_winter() -> None:
    berlin = GivenForm(zone=ZoneInfo("Europe/Berlin"))
    assert time_us("2014-05-01 02:00:00", berlin) == MAY_FIRST_2014_US
    assert time_us("2014-01-15 01:00:00", berlin) == 1_389_744_000_000_000
    assert time_us("2014-05-01 00:00:00Z", berlin) == MAY_FIRST_2014_US


def test_a_time_that_the_clocks_skipped_is_a_bad_line() -> None:
    rows = "".join(f"2014-03-30 {time}:00,I,N,1,2\n" for time in ("01:59", "02:30", "03:00"))
    reason = "timestamp '2014-03-30 02:30:00' does not exist in Europe/Berlin, whose clocks skipped it"
    for time_format in (None, "%Y-%m-%d %H:%M:%S"):
        given = GivenForm(zone=ZoneInfo("Europe/Berlin"), time_format=time_format)
        _, (before, bad, after) = read(f"time,symbol,exchange,bid,ask\n{rows}", given=given)
        assert (type(before), bad, type(after)) == (Quote, BadLine(3, reason), Quote)


def test_a_format_that_can_not_be_is_that_of_no_line() -> None:
    given = GivenForm(time_format="%Y %Y")
    _, (line,) = read("time,symbol,exchange,bid,ask\n2014 2014,I,N,1,2\n", given=given)
    assert line == BadLine(2, "timestamp '2014 2014' is not %Y %Y")


def test_a_date_with_two_meanings_is_asked_about_and_a_format_decides() -> None:
    with pytest.raises(FintankError, match=r"'05/03/2014 00:00:00' has more than one .*--time-format"):
        time_us("05/03/2014 00:00:00")
    given = GivenForm(time_format="%m/%d/%Y %H:%M:%S", zone=UTC)
    assert time_us("05/01/2014 00:00:00", given) == MAY_FIRST_2014_US


def test_the_time_that_most_lines_have_is_that_of_the_file() -> None:
    good = "2014-05-01 00:00:00,IVE,NYSE,94,95\n"
    _, found = read(f"time,symbol,exchange,bid,ask\n{good * 3}1398902400,IVE,NYSE,94,95\n")
    assert found[3] == BadLine(5, "timestamp '1398902400' is not year first")


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
    )
    summary, found = read(text.encode("utf-16"), "EURUSD.a_201405010000_201405020000.csv")
    assert summary.startswith("MetaTrader 5 ticks; separated by tabs")
    assert [line and (line.symbol, line.bid, line.ask) for line in found if isinstance(line, Quote)] == [
        ("EURUSD.A", None, "1.0667"),
        ("EURUSD.A", "1.0665", "1.0667"),
        ("EURUSD.A", "1.0665", "1.0668"),
    ]
    assert [line.number for line in found if isinstance(line, BadLine)] == [4]


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


def test_dates_that_are_unclear_in_any_line_are_not_guessed() -> None:
    text = "time,symbol,exchange,bid,ask\n05/05/2014 00:00,I,N,1,2\n06/05/2014 00:00,I,N,1,2\n"
    with pytest.raises(FintankError, match="'06/05/2014 00:00' has more than one meaning"):
        read(text)


@pytest.mark.parametrize(
    "times",
    [
        ("2014-05-01 00:00:00", "1398902400", "01.05.2014 00:00:00", "1398902400123"),
        ("0001-01-01 00:00+23:59", "1398902400", "yesterday"),
    ],
)
def test_a_file_of_mixed_times_has_bad_lines_but_is_read(times: tuple[str, ...]) -> None:
    rows = "".join(f"{time},IVE,NYSE,94,95\n" for time in times)
    _, found = read(f"time,symbol,exchange,bid,ask\n{rows}")
    assert [type(line) for line in found].count(Quote) == 1


@pytest.mark.parametrize(
    "time", ["yesterday", "13 May 2014 09:30", "2014-05-01", "2014-05-01 13:00 PM", "9" * 500]
)
def test_a_time_of_an_unknown_form_is_one_line_with_its_cure(time: str) -> None:
    with pytest.raises(
        FintankError, match="can't be read: say how it is written, as in --time-format"
    ) as found:
        time_us(time)
    assert len(str(found.value)) < 250


def test_a_given_value_is_checked_like_any_other() -> None:
    given = GivenForm(constants={"symbol": 'I"%s\\', "exchange": "NYSE"})
    (line,) = read("timestamp,bid,ask\n1398902400,94.5,94.7\n", given=given)[1]
    assert isinstance(line, BadLine)
    assert "BAD_SYMBOL" in line.reason


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("a,b\n1,2\n", {}, "no column timestamp, bid, ask: name them, as in --columns bid=BidPrice"),
        ("timestamp,bid,ask\n1,2,3\n", {}, "no column symbol: say it for all lines, as in --symbol EURUSD"),
        ("time,bid,bid,ask\n1,2,3,4\n", {}, "more than one column bid"),
        ("time,b,ask\n1,2,3\n", {"bid": "X"}, "--columns bid=X: no column 'X': its columns are time, b, ask"),
        ("", {}, "is empty"),
        (b"\x00\x01\x02\xff\xfe" * 50, {}, "is not text"),
        ("time,B,B,ask\n1,2,2,3\n", {"bid": "B"}, "--columns bid=B: more than one column has this name"),
        (",".join(f"c{at}" for at in range(9_000)), {"bid": "X"}, "c29, \\.\\.\\.$"),
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
