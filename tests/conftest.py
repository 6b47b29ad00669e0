"""Of all tests."""

import signal

# A shell's `make test &` ignores Ctrl-C, and so would every program that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
