"""invoke audit: decide everything again, from the topics alone, and compare."""

from collections.abc import Iterator

from fintank.audit.differences import AuditFindings
from fintank.audit.whole_audit import audit as decide_again
from fintank.commands import command
from fintank.errors import FintankError
from fintank.settings import Settings
from fintank.terminal.texts import counted

SHOWN_OF_A_KIND_MAX = 20


@command()
def audit(settings: Settings) -> None:
    """Decide everything again from the topics and compare each field.

    Example: invoke audit
    """
    findings = decide_again(settings)
    for line in lines(findings):
        print(line)
    if findings.differences:
        raise FintankError(f"{counted(findings.differences, 'difference')}: docs/audit.md explains them")


def lines(findings: AuditFindings) -> Iterator[str]:
    """Yield what was found, a line each."""
    yield from findings.notes
    compared = f"{counted(findings.reports, 'report')} and {counted(findings.fills, 'fill')}"
    yield f"Decided again and compared: {compared}."
    if findings.not_audited:
        yield f"Not audited, because the topics no longer hold what it is based on: {findings.not_audited:,}."
    if findings.undecided:
        yield f"Not yet decided: {findings.undecided:,}, written during the audit."
    for kind, count in findings.kinds.items():
        yield f"{kind}: {count:,}"
        named = [found for found in findings.named if found.kind is kind]
        yield from (f"  {found.line}" for found in named[:SHOWN_OF_A_KIND_MAX])
        if count > SHOWN_OF_A_KIND_MAX:
            yield f"  and {count - SHOWN_OF_A_KIND_MAX:,} more"
    if not findings.differences:
        yield "Clean: every decision came out the same, in every field."
