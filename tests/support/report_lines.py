"""Reports as short lines of text, to compare many at once."""

from fintank.trading.effects import Effects
from fintank.trading.reports import ExecutionReport


def report_lines(effects: Effects | None) -> list[str]:
    """Return e.g. `o-1 TRADE FILLED 10 @ 94.2 NYSE` for each report, with its text if it has one."""
    return [] if effects is None else [_line(report) for report in effects.reports]


def _line(report: ExecutionReport) -> str:
    words = [report.identity.cl_ord_id, report.exec_type, report.ord_status]
    if report.last_qty is not None:
        words += [f"{report.last_qty} @ {report.last_px}", str(report.last_mkt)]
    if report.text is not None:
        words.append(report.text)
    return " ".join(words)


def type_lines(effects: Effects) -> list[str]:
    """Return cl_ord_id, exec_type and text of each report."""
    return [
        f"{report.identity.cl_ord_id} {report.exec_type} {report.text or ''}".strip()
        for report in effects.reports
    ]
