"""The audit in a process of its own, so that a second core decides again while the first one reconciles."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from fintank.audit.differences import AuditFindings
from fintank.audit.whole_audit import audit
from fintank.errors import FintankError
from fintank.settings import Settings
from fintank.terminal.screen import LiveLine

POLL_SECONDS = 0.2


@contextmanager
def auditing(settings: Settings) -> Iterator[Callable[[], AuditFindings]]:
    """Audit during the block, which gets a function that waits for the findings; its end ends the process.

    The function raises the audit's FintankError, or one that says that the process was killed.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_audit, args=(settings, sending), daemon=True)
    process.start()
    sending.close()

    def findings() -> AuditFindings:
        with LiveLine() as line:
            while not receiving.poll(POLL_SECONDS):
                line.show("still auditing")
        try:
            found = receiving.recv()
        except EOFError:
            raise FintankError("the audit's process was killed: is there enough memory?") from None
        if isinstance(found, FintankError):
            raise found
        assert isinstance(found, AuditFindings)
        return found

    try:
        yield findings
    finally:
        process.kill()
        process.join()
        receiving.close()


def _audit(settings: Settings, sending: Connection) -> None:
    # Its progress bar would be drawn over that of the other process.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        found: AuditFindings | FintankError = audit(settings)
    except FintankError as error:
        found = error
    except KeyboardInterrupt:
        return
    sending.send(found)
