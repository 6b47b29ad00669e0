"""The text of a CSV file: its encoding, its separator, and its lines as fields."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from fintank.errors import FintankError

LINE_CHARS_MAX = 64 * 1024
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = "sep="
_COMMENT = "#"
_SAMPLE_BYTES = 4096
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class BadLine(NamedTuple):
    """A line that is not a quote: its number in the file (the first is 1) and why."""

    number: int
    reason: str


class NumberedText(NamedTuple):
    """A line, without the white space around it, and its number in the file."""

    number: int
    text: str


def encoding_of(sample: bytes) -> str:
    """Return the encoding of a file that begins like this: UTF-8, or UTF-16 as some programs save it.

    Without a byte order mark, UTF-16 has its zeros on one side; a block of zeros is damage.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if sample.startswith(mark):
            return encoding
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and min(even, odd) * 4 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def lines(file: BinaryIO, encoding: str, chars_max: int = LINE_CHARS_MAX) -> Iterator[NumberedText | BadLine]:
    """Yield the lines that hold anything; they may end in LF, CRLF or CR.

    Bytes that are not of the encoding become a character that no field may have, so only their line is bad.
    """
    text = io.TextIOWrapper(file, encoding, "replace")
    try:
        number = 0
        while line := text.readline(chars_max):
            number += 1
            if len(line) == chars_max and not line.endswith("\n"):
                while line and not line.endswith("\n"):
                    line = text.readline(chars_max)
                yield BadLine(number, f"longer than {chars_max:,} characters")
            elif line := line.strip(" \r\n\ufeff"):
                yield NumberedText(number, line)
    finally:
        text.detach()


def first_lines(
    file: BinaryIO, name: str, lines_max: int, chars_max: int = LINE_CHARS_MAX
) -> tuple[str, str | None, list[NumberedText]]:
    """Return the encoding of a file, the separator that it names, and its first lines without comments.

    FintankError if it is not text.
    """
    sample = file.read(_SAMPLE_BYTES)
    file.seek(0)
    encoding = encoding_of(sample)
    separator: str | None = None
    found: list[NumberedText] = []
    for line in lines(file, encoding, chars_max):
        if isinstance(line, BadLine):
            if not found:
                raise FintankError(f"{name}: its first line is {line.reason}: name a CSV file")
            continue
        if not found and {"\0", "\ufffd"} & {*line.text}:
            raise FintankError(f"{name}: is not text: decompress it, or save it as CSV in UTF-8")
        if not found and line.text.lower().startswith(_SEPARATOR_LINE):
            separator = line.text[len(_SEPARATOR_LINE) :][:1] or "\t"
        elif found or not line.text.startswith(_COMMENT):
            found.append(line)
        if len(found) == lines_max:
            break
    return encoding, separator, found


def separator_of(sample: Sequence[NumberedText]) -> str:
    """Return the separator that cuts most of these lines into the most fields, all alike."""
    if not sample:
        return ","

    def score(separator: str) -> tuple[int, int]:
        widths = [len(fields(line.text, separator)) for line in sample]
        return sum(width == widths[0] for width in widths) if widths[0] > 1 else 0, widths[0]

    return max(SEPARATORS, key=score)


def fields(text: str, separator: str) -> list[str]:
    """Cut a line into fields; a stray quotation mark never swallows the lines after it."""
    if '"' not in text:
        return text.split(separator)
    try:
        return next(csv.reader([text], delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return []


def width_without_end(header: Sequence[str]) -> int:
    """Return how many columns a header has without those at its end that have no name."""
    return max((at for at, title in enumerate(header, 1) if title), default=0)


def fits(row: Sequence[str], width_min: int, width: int) -> bool:
    """Return whether a row has its columns; empty ones at the end may be missing or too many."""
    return len(row) >= width_min and not any(map(str.strip, row[width:]))
