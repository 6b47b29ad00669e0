"""doctor: is this machine fit for fintank?"""

from invoke.context import Context
from invoke.exceptions import Exit
from rich.console import Console
from rich.table import Table

from fintank import settings
from fintank.commands import command
from fintank.stack import doctor as stack_doctor


@command()
def doctor(context: Context) -> None:
    """Check Java, Python, programs, disk, memory and ports, as in: invoke doctor"""
    findings = stack_doctor.examine(settings.load())
    table = Table("", "subject", "found", title=stack_doctor.machine())
    for finding in findings:
        mark = "[red]wrong[/]" if finding.cure else "[green]ok[/]"
        table.add_row(mark, finding.subject, finding.found)
    Console().print(table)
    failures = [finding for finding in findings if finding.cure]
    for finding in failures:
        print(f"{finding.subject}: {finding.found}. {finding.cure}")
    if failures:
        raise Exit(code=1)
