"""The sentences of a page, each a line: what a scenario or another test must hold."""

import re

_END = re.compile(r"(?<=[.:])\s+(?=[A-Z`*(])")
_EXAMPLES = re.compile(r"^\{.*\}$", re.MULTILINE)


def sentences(page: str) -> list[str]:
    """Split a page into its sentences; a row of a table is one: its first two cells."""
    found = []
    for paragraph in _paragraphs(page):
        if paragraph.startswith("|"):
            cells = [cell.strip() for cell in paragraph.strip("|").split("|")]
            found.append(f"{cells[0]}: {cells[1]}")
        else:
            found += _END.split(paragraph)
    return [plain(sentence) for sentence in found if sentence]


def plain(text: str) -> str:
    """Write a sentence without marks and with single spaces, as it is compared."""
    return re.sub(r"\s+", " ", text.replace("`", "").replace("*", "")).strip()


def _paragraphs(page: str) -> list[str]:
    """Join the lines of a paragraph or of an item of a list; leave out headings and heads of tables."""
    found: list[str] = []
    is_open = False
    for line in page.splitlines():
        is_item = re.match(r"\s*(?:- |\d+\. )", line)
        if not line.strip() or line.startswith("#"):
            is_open = False
        elif line.startswith("|"):
            if re.match(r"\|[\s|-]+\|$", line):
                found.pop()
            else:
                found.append(line)
            is_open = False
        elif is_item or not is_open:
            found.append(re.sub(r"^\s*(?:- |\d+\. )", "", line))
            is_open = True
        else:
            found[-1] += " " + line.strip()
    return found
