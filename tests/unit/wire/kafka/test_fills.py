"""Fills on the wire."""

import json

from fintank.wire.kafka.fills import from_json, to_json, to_lines

APPEND_MS = 1_438_540_000_000


def batch_of(*records, first=1000):
    return to_lines("fills", 2, f"{first},{len(records)},{APPEND_MS}", "\n".join(records))


def test_every_fill_survives_the_round_trip(written):
    assert len(written.fills) == 6
    for fill in written.fills:
        assert from_json(to_json(fill)) == fill


def test_a_fill_is_a_point(written):
    fill = next(fill for fill in written.fills if fill.list_id == "d")
    batch = batch_of(to_json(fill), first=7)
    assert (batch.offsets, batch.rejects) == ("7,1", [])
    assert batch.lines == (
        "fills,currency=USD,partition=2,side=BUY,symbol=IVE "
        f'exec_id="{fill.exec_id}",cl_ord_id="d-IVE",list_id="d",account="A-1001",last_qty=0.002653,last_px=94200,last_mkt="NYSE",'
        "delta_shares=0.002653,delta_cash=-249.9126,multiplier=1,commission=0,"
        "transact_time_us=1438539936855217i 1438539936855000007"
    )


def test_a_malformed_fill_is_rejected(written):
    good = json.loads(to_json(written.fills[0]))
    bad = [
        json.dumps({**good, **change}) for change in ({"last_mkt": None}, {"delta_cash": True}, {"side": ""})
    ]
    batch = batch_of(*bad, "x", to_json(written.fills[0]))
    assert batch.offsets == "1004,1"
    assert [(reject.offset, reject.reason) for reject in batch.rejects] == [
        (1000, "MISSING_FIELD"),
        (1001, "BAD_TYPE"),
        (1002, "UNKNOWN_VALUE"),
        (1003, "NOT_JSON"),
    ]
