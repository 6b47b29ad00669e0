"""Reading one record of the topic `ticks` for a person; the stream itself goes through `ticks`."""

from fintank.trading.decimals import plain
from fintank.trading.messages import Quote
from fintank.wire.kafka.fields import Fields, parsed
from fintank.wire.kafka.records import Record


def from_record(record: Record) -> Quote:
    """Read a tick as a quote; ValueError if it is not a tick."""
    fields = parsed(record.text)
    return Quote(
        symbol=fields.symbol("symbol"),
        exchange=fields.symbol("exchange"),
        time_us=fields.time_us("timestamp"),
        partition=record.partition,
        offset=record.offset,
        bid=_number(fields, "bid"),
        ask=_number(fields, "ask"),
        bid_size=_number(fields, "bid_size") if fields.has("bid_size") else None,
        ask_size=_number(fields, "ask_size") if fields.has("ask_size") else None,
    )


def _number(fields: Fields, name: str) -> str:
    return plain(fields.number(name))
