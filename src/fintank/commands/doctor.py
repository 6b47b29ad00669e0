"""doctor: is this machine fit for fintank?"""

from invoke.context import Context
from invoke.exceptions import Exit
from rich.table import Table
from rich.text import Text

from fintank import settings
from fintank.commands import command
from fintank.services import doctor as stack_doctor
from fintank.terminal.screen import console


@command()
def doctor(context: Context) -> None:
    """Check Java, Python, programs, disk, memory and ports, as in: invoke doctor"""
    findings = stack_doctor.examine(settings.load())
    table = Table("", "subject", "found", title=stack_doctor.machine())
    for finding in findings:
        mark = Text("wrong", "red") if finding.cure else Text("ok", "green")
        table.add_row(mark, finding.subject, finding.found)
    console().print(table)
    failures = [finding for finding in findings if finding.cure]
    for finding in failures:
        print(f"{finding.subject}: {finding.found}. {finding.cure}")
    if failures:
        raise Exit(code=1)
