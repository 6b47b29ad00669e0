"""The audit's own process: what it finds, says, or leaves unsaid."""

import os
import signal
from multiprocessing import active_children

import pytest

from fintank import settings
from fintank.audit.differences import AuditFindings
from fintank.demo import background_audit
from fintank.demo.background_audit import auditing
from fintank.errors import FintankError


def finds(_, sending):
    sending.send(AuditFindings(reports=7))


def refuses(_, sending):
    sending.send(FintankError("Kafka does not answer"))


def is_killed(_, __):
    os.kill(os.getpid(), signal.SIGKILL)


def never_ends(_, __):
    signal.pause()


@pytest.fixture(autouse=True)
def _the_other_process_finds_this_module(monkeypatch):
    monkeypatch.syspath_prepend(str(settings.PROJECT_ROOT))


@pytest.fixture
def findings_of(monkeypatch):
    def run(work):
        monkeypatch.setattr(background_audit, "_audit", work)
        with auditing(settings.load({})) as wait_for_findings:
            return wait_for_findings()

    return run


def test_its_findings_are_returned(findings_of):
    assert findings_of(finds).reports == 7


@pytest.mark.parametrize(("work", "says"), [(refuses, "Kafka does not answer"), (is_killed, "was killed")])
def test_what_went_wrong_is_one_line(findings_of, work, says):
    with pytest.raises(FintankError, match=says):
        findings_of(work)


def test_it_ends_with_the_block(monkeypatch):
    monkeypatch.setattr(background_audit, "_audit", never_ends)
    with auditing(settings.load({})):
        assert len(active_children()) == 1
    assert active_children() == []
