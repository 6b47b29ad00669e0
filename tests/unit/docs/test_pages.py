"""Pages stay short, and the page of folders has every folder."""

import re
import subprocess

import pytest

from fintank.settings import PROJECT_ROOT

LINES_MAX = {"README.md": 160, "docs/glossary.md": 60}


@pytest.mark.parametrize("page", LINES_MAX)
def test_a_page_that_everyone_reads_is_short(page: str) -> None:
    assert len((PROJECT_ROOT / page).read_text().splitlines()) <= LINES_MAX[page]


def test_whats_here_lists_every_folder() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folders = {name.split("/")[0] for name in files if "/" in name and not name.startswith(".")}
    for parent in ("src/fintank", "src/clj/fintank", "tests"):
        below = [name.removeprefix(f"{parent}/") for name in files if name.startswith(f"{parent}/")]
        folders |= {f"{parent}/{name.split('/')[0]}" for name in below if "/" in name}
    page = (PROJECT_ROOT / "docs" / "whats-here.md").read_text()
    listed = {name.rstrip("/") for name in re.findall(r"`([^`]+)`", page)}
    parents = {
        "/".join(parts[:count]) for parts in (name.split("/") for name in listed) for count in (1, 2, 3)
    }
    assert folders - listed - parents == set()
