"""Errors that a user can cure."""


class FintankError(Exception):
    """What went wrong and its cure, in one line; commands print it and exit with 1."""
