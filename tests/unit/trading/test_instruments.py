import pytest

from fintank.trading import instruments
from fintank.trading.instruments import Instrument, Instruments
from fintank.trading.sessions import Sessions

XTKS, XNYS = Sessions("XTKS", []), Sessions("XNYS", [])
TOKYO, NEW_YORK = Instrument(sessions=XTKS), Instrument(sessions=XNYS)


def test_every_symbol_has_its_instrument_however_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "FOUND_KEPT_MAX", 300)
    found = Instruments([("*.T", TOKYO), ("?1*", NEW_YORK)])
    names = [f"S{number}" + ".T" * (number % 2) for number in range(400)]
    for _ in range(2):
        made = [found.of(name) for name in names]
        assert made[:3] == [Instrument(), TOKYO, Instrument()]
        assert made[10:12] == [NEW_YORK, TOKYO]
        assert made.count(TOKYO) == 200
        assert list(found._found) == names[:300]


def test_instruments_are_equal_and_read_the_same_whatever_they_were_asked() -> None:
    asked, other = Instruments([("*.T", TOKYO)]), Instruments([("*.T", TOKYO)])
    asked.of("7203.T")
    assert (asked, repr(asked)) == (other, repr(other))
    assert asked != Instruments()


def test_the_calendars_are_all_that_an_instrument_names_each_once_by_name() -> None:
    found = Instruments([("A*", TOKYO), ("B*", Instrument()), ("C*", TOKYO)], default=NEW_YORK)
    assert found.calendars == [XNYS, XTKS]
    assert Instruments().calendars == []
