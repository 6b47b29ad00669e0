"""The audit, as the tests run it at their end."""

from support.stack import Stack

from fintank.audit.differences import AuditFindings
from fintank.audit.whole_audit import audit
from fintank.commands.audit import lines


def check_audit(stack: Stack, reports_min: int = 1) -> AuditFindings:
    """Decide everything again, and fail if anything comes out otherwise, or little was audited."""
    findings = audit(stack.settings)
    assert findings.differences == 0, "\n".join(lines(findings))
    assert findings.reports >= reports_min, "\n".join(lines(findings))
    return findings
