import re

from fintank.commands.reconcile import lines, summary
from fintank.reconciliation import findings
from fintank.reconciliation.findings import BreakKind, Result
from fintank.settings import PROJECT_ROOT, load


def found(*kinds):
    result = Result("trades are booked once", compared=9)
    for number, kind in enumerate(kinds):
        result.add(kind, f"e-{number}", "fills-0-1 and fills-0-2")
    return result


def test_every_break_is_a_line_under_its_kind():
    assert lines([found(BreakKind.TRADE_TWICE), found(BreakKind.TRADE_TWICE, BreakKind.FILL_DIFFERS)]) == [
        "TRADE_TWICE: 2",
        "  e-0: fills-0-1 and fills-0-2",
        "  e-0: fills-0-1 and fills-0-2",
        "FILL_DIFFERS: 1",
        "  e-1: fills-0-1 and fills-0-2",
    ]
    assert lines([found()]) == []


def test_the_first_of_many_breaks_are_shown_and_all_are_in_the_json():
    result = found(*[BreakKind.TRADE_TWICE] * 1_025)
    shown = lines([result])
    assert (shown[0], len(shown)) == ("TRADE_TWICE: 1,025", 22)
    assert shown[-1] == "  and 1,005 more: `invoke reconcile --json` lists them"
    answer = summary(load({}), [result], {"ticks": 3})
    assert not answer["clean"]
    assert len(answer["breaks"]) == 1_025
    assert answer["breaks"][7] == {"kind": "TRADE_TWICE", "id": "e-7", "detail": "fills-0-1 and fills-0-2"}
    assert (answer["checks"][0]["compared"], answer["checks"][0]["breaks"]) == (9, 1_025)


def test_all_breaks_are_counted_and_a_limited_number_is_kept(monkeypatch):
    monkeypatch.setattr(findings, "BREAKS_NAMED_MAX", 3)
    result = found(*[BreakKind.TRADE_TWICE] * 5)
    assert (result.breaks, len(result.named)) == (5, 3)


def test_every_kind_of_break_is_explained():
    explained = re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", (PROJECT_ROOT / "docs" / "reconcile.md").read_text())
    assert set(BreakKind) == set(explained)
