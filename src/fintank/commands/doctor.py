"""invoke doctor: whether this machine can run fintank."""

from invoke.exceptions import Exit
from rich.table import Table
from rich.text import Text

from fintank.commands import command
from fintank.services import machine_checks
from fintank.settings import Settings
from fintank.terminal.screen import console


@command()
def doctor(settings: Settings) -> None:
    """Check Java, Python, programs, disk, memory and ports.

    Example: invoke doctor
    """
    findings = machine_checks.run_all(settings)
    table = Table("", "subject", "found", title=machine_checks.machine())
    for finding in findings:
        mark = Text("wrong", "red") if finding.cure else Text("ok", "green")
        table.add_row(mark, finding.subject, finding.found)
    console().print(table)
    failures = [finding for finding in findings if finding.cure]
    for finding in failures:
        print(f"{finding.subject}: {finding.found}. {finding.cure}")
    if failures:
        raise Exit(code=1)
