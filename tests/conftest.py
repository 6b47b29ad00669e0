"""Of all tests."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck
from support.order_flow import build_jar

# How many examples a property is tried with: the same ones each time, and others by `make soak`.
hypothesis.settings.register_profile(
    "quick",
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
quick = hypothesis.settings.get_profile("quick")
hypothesis.settings.register_profile("soak", parent=quick, max_examples=2_000, derandomize=False)
hypothesis.settings.load_profile("quick")

# A shell's `make test &` ignores Ctrl-C, and so would every program that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where it is set, a command shows its lines behind a pipe at once whatever it does; users do not have it.
os.environ.pop("PYTHONUNBUFFERED", None)


@pytest.fixture(scope="session")
def jar() -> Path:
    """Build the topology's jar from the current sources."""
    return build_jar()
