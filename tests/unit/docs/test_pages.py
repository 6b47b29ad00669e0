"""Pages stay short and complete, and use one word for one thing."""

import re
import subprocess

import pytest

from fintank.adapters.kafka_topics import topics
from fintank.commands.program import collection
from fintank.grafana.alerts import alert_rules
from fintank.settings import PROJECT_ROOT
from fintank.wire.points.point_tables import TABLES

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


def test_the_page_of_commands_lists_every_command_and_target() -> None:
    page = (PROJECT_ROOT / "docs" / "commands.md").read_text()
    targets = re.findall(r"^([a-z][\w-]*):.*## ", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = [
        *(f"invoke {name}" for name in collection([]).task_names),
        *(f"make {name}" for name in targets),
    ]
    assert len(commands) > 25
    assert [name for name in commands if not re.search(rf"`{name}[ `]", page)] == []


def test_the_page_of_operations_lists_every_topic_measurement_and_alert() -> None:
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    first_cells = "\n".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))
    alerts = [rule["title"] for rule in alert_rules()["groups"][0]["rules"]]
    assert len(alerts) == 5
    assert [name for name in (*topics(), *TABLES) if f"`{name}`" not in first_cells] == []
    assert [title for title in alerts if title not in first_cells.splitlines()] == []


@pytest.mark.parametrize(
    ("synonym", "word"),
    [
        (r"time-outs?\b", "timeout"),
        (r"held quotes?\b", "quote"),
        (r"of no use\b", "discarded"),
        (r"set-up\b", "setup"),
    ],
)
def test_a_thing_has_one_word(synonym: str, word: str) -> None:
    pages = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").glob("*.md")]
    found = [page.name for page in pages if re.search(rf"\b{synonym}", page.read_text(), re.IGNORECASE)]
    assert found == [], f"write {word}"
