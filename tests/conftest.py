"""Of all tests."""

import os
import signal
from pathlib import Path

import pytest
from support.order_flow import build_jar

# A shell's `make test &` ignores Ctrl-C, and so would every program that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where it is set, a command shows its lines behind a pipe at once whatever it does; users do not have it.
os.environ.pop("PYTHONUNBUFFERED", None)


@pytest.fixture(scope="session")
def jar() -> Path:
    """Build the topology's jar from the current sources."""
    return build_jar()
