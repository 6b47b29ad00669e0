"""Texts in InfluxQL, InfluxDB's query language."""

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})


def quoted(text: str) -> str:
    """Write a printable text as a string of InfluxQL: O'Hare as 'O\\'Hare'."""
    return f"'{text.translate(_ESCAPES)}'"
