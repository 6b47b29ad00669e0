"""Errors that a user can cure, and how a program ends that the user ended."""

import signal

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE


class FintankError(Exception):
    """What went wrong and its cure, in one line; commands print it and exit with 1."""
