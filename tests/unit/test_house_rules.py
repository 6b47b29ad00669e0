"""House rules that no linter checks: imports, lengths, unique names, and documents that match the tree."""

import argparse
import ast
import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamparse.cli.sparse
from invoke.config import Config
from invoke.exceptions import ParseError
from invoke.parser import Parser

from fintank.commands import program
from fintank.commands.program import collection
from fintank.settings import PROJECT_ROOT

SOURCES = PROJECT_ROOT / "src" / "fintank"
MODULE_LINES_MAX = 300
CLASS_LINES_MAX = 200
FUNCTION_LINES_MAX = 50

CORE = {"adapters", "wire", "trading"}
MACHINES = {"services", "storm", "samples", "terminal", *CORE}
PACKAGES_BELOW = {
    "commands": {
        "audit",
        "demo",
        "export",
        "grafana",
        "order_history",
        "reconciliation",
        "report",
        "resharding",
        "watch",
        "feeds",
        "commands",
        *MACHINES,
    },
    "audit": {"audit", "terminal", *CORE},
    "demo": {"audit", "demo", "order_history", "reconciliation", *MACHINES},
    "grafana": {"grafana", "services", *CORE},
    "feeds": {"feeds", *CORE},
    "export": {"export", "terminal", *CORE},
    "watch": {"watch", "terminal", *CORE},
    "order_history": {"order_history", "samples", "terminal", *CORE},
    "reconciliation": {"reconciliation", "terminal", *CORE},
    "report": {"report", "terminal", *CORE},
    "resharding": {"resharding", "terminal", *CORE},
    "samples": {"samples", "terminal", *CORE},
    "storm": {"storm", "services", *CORE},
    "services": {"services", *CORE},
    "terminal": {"terminal"},
    "bolts": {"bolts", *CORE},
    "adapters": CORE,
    "wire": {"trading", "wire"},
    "trading": {"trading"},
}
SHARED_MODULES = {"scale", "colors", "errors", "output", "settings", "sink_url", "toml_file", "waiting"}


def git_files(*options: str) -> list[str]:
    """Return what `git ls-files` lists, without files that are deleted and not yet committed."""
    command = ["git", "ls-files", "--exclude-standard", *options]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (PROJECT_ROOT / name).exists()]


TRACKED = git_files("--cached", "--others")
PYTHON_FILES = [PROJECT_ROOT / name for name in TRACKED if name.endswith(".py")]
DOCUMENTS = [PROJECT_ROOT / name for name in TRACKED if name.endswith(".md")]
TOP_LEVEL = {name.split("/")[0] for name in TRACKED}


def imported_parts(path: Path) -> Iterator[str]:
    """Yield the parts of fintank that a file imports, e.g. `adapters` for `fintank.adapters.kafka`."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [node.module]
                if node.module != "fintank"
                else [f"fintank.{alias.name}" for alias in node.names]
            )
        for name in names:
            parts = name.split(".")
            if parts[0] == "fintank" and len(parts) > 1 and parts[1] != "__version__":
                yield parts[1]


def test_every_package_has_its_place_in_the_layers() -> None:
    packages = {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    assert packages == set(PACKAGES_BELOW)


@pytest.mark.parametrize("package", PACKAGES_BELOW)
def test_imports_go_one_way(package: str) -> None:
    allowed = PACKAGES_BELOW[package] | (SHARED_MODULES if package != "trading" else set())
    wrong = [
        f"{path.relative_to(PROJECT_ROOT)} imports fintank.{part}"
        for path in sorted((SOURCES / package).rglob("*.py"))
        for part in imported_parts(path)
        if part not in allowed
    ]
    assert wrong == []


def test_the_trading_core_imports_the_standard_library_only() -> None:
    allowed = {
        "abc",
        "bisect",
        "collections",
        "dataclasses",
        "decimal",
        "enum",
        "fintank",
        "functools",
        "heapq",
    }
    allowed |= {"itertools", "math", "operator", "typing", "uuid", "datetime", "zoneinfo", "hashlib", "re"}
    wrong = set()
    for path in (SOURCES / "trading").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wrong |= {alias.name.split(".")[0] for alias in node.names} - allowed
            elif isinstance(node, ast.ImportFrom):
                wrong |= {str(node.module).split(".")[0]} - allowed
    assert wrong == set()


def test_the_reference_engine_knows_nothing_of_the_real_one() -> None:
    paths = sorted((PROJECT_ROOT / "tests" / "reference").rglob("*.py"))
    wrong = [str(path) for path in paths for _ in imported_parts(path)]
    wrong += [str(path) for path in paths if "import fintank" in path.read_text()]
    assert paths
    assert wrong == []


def test_modules_classes_and_functions_are_short() -> None:
    limits = {ast.ClassDef: CLASS_LINES_MAX, ast.FunctionDef: FUNCTION_LINES_MAX}
    wrong = []
    for path in PYTHON_FILES:
        text = path.read_text()
        place = path.relative_to(PROJECT_ROOT)
        if text.count("\n") > MODULE_LINES_MAX:
            wrong.append(f"{place}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > limits[type(node)]:
                    wrong.append(f"{place}:{node.lineno} {node.name}: {length} lines")
    assert wrong == []


def test_a_name_of_a_module_is_used_once_or_by_a_command_and_what_it_calls() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(SOURCES.rglob("*.py")):
        if path.name != "__init__.py":
            found[path.name].append(path.relative_to(SOURCES).parts[0])
    wrong = {
        name: packages
        for name, packages in found.items()
        if len(packages) > 2 or (len(packages) == 2 and "commands" not in packages)
    }
    assert wrong == {}


def test_a_name_of_a_class_is_used_once() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(SOURCES)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_no_ignored_file_is_tracked() -> None:
    assert git_files("--cached", "--ignored") == []


def test_nothing_is_left_unfinished() -> None:
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
    wrong = []
    for name in TRACKED:
        path = PROJECT_ROOT / name
        if (
            path.suffix in {".py", ".clj", ".md", ".sh", ".toml", ".json", ""}
            and path.is_file()
            and name != "LICENSE"
        ):
            lines = path.read_text(errors="replace").splitlines()
            wrong += [f"{name}:{number}" for number, line in enumerate(lines, 1) if marks.search(line)]
    assert wrong == []


def documented_code() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of each line of a code block and each code span in the documents."""
    for document in DOCUMENTS:
        inside = False
        for number, line in enumerate(document.read_text().splitlines(), 1):
            place = f"{document.relative_to(PROJECT_ROOT)}:{number}"
            if line.lstrip().startswith("```"):
                inside = not inside
            elif inside:
                yield place, line.strip().removeprefix("$ ")
            else:
                for span in re.findall(r"`([^`]+)`", line):
                    yield place, span


def test_every_path_in_the_documents_exists() -> None:
    looks_like_a_path = re.compile(r"^[\w.-]+(/[\w.*-]+)*/?$")
    wrong = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:\s]+)\)", document.read_text()):
            if not (document.parent / target).exists():
                wrong.append(f"{document.relative_to(PROJECT_ROOT)}: {target}")
    for place, text in documented_code():
        for word in text.split():
            ours = "/" in word and looks_like_a_path.match(word) and word.split("/")[0] in TOP_LEVEL
            if ours and not list(PROJECT_ROOT.glob(word.rstrip("/"))):
                wrong.append(f"{place}: {word}")
    assert wrong == []


def test_no_table_in_the_documents_has_a_row_twice() -> None:
    wrong = []
    for document in DOCUMENTS:
        rows: set[str] = set()
        for number, line in enumerate(document.read_text().splitlines(), 1):
            is_row = line.startswith("|")
            if is_row and line in rows:
                wrong.append(f"{document.relative_to(PROJECT_ROOT)}:{number}: {line}")
            rows = {*rows, line} if is_row else set()
    assert wrong == []


def test_every_command_in_the_documents_parses() -> None:
    wrong = []
    for place, text in documented_code():
        try:
            words = shlex.split(text.replace("[", "").replace("]", ""), comments=True)
        except ValueError:
            continue
        while words and re.match(r"^[A-Z_]+=", words[0]):
            words = words[1:]
        if len(words) > 1 and words[0] in COMMAND_CHECKS and re.match(r"^-{0,2}[a-z]", words[1]):
            error = COMMAND_CHECKS[words[0]](words[1:])
            if error:
                wrong.append(f"{place}: {text}: {error}")
    assert wrong == []


def invoke_error(words: list[str]) -> str:
    """Return why the words after `invoke` do not parse, or nothing if they do."""
    if words[0].startswith("-"):
        return ""
    namespace = collection([])
    namespace.configure(Config.global_defaults())
    try:
        Parser(contexts=namespace.to_contexts()).parse_argv(program.words(["invoke", *words])[1:])
    except ParseError as error:
        return str(error)
    return ""


def make_error(words: list[str]) -> str:
    targets = re.findall(r"^([a-z][\w-]*):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE)
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"no target {unknown}" if unknown else ""


def sparse_error(words: list[str]) -> str:
    parser = argparse.ArgumentParser(exit_on_error=False)
    streamparse.cli.sparse.load_subparsers(parser.add_subparsers())
    try:
        parser.parse_args(words)
    except (SystemExit, argparse.ArgumentError) as error:
        return f"sparse does not know it: {error}"
    return ""


COMMAND_CHECKS = {"invoke": invoke_error, "fintank": invoke_error, "make": make_error, "sparse": sparse_error}
