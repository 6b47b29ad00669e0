"""Mutate the trading core, one operator at a time, and check that the fast tests notice.

    .venv/bin/python scripts/mutants.py                 every file, then docs/mutants.md
    .venv/bin/python scripts/mutants.py blocks sweep    these files again, then docs/mutants.md
    .venv/bin/python scripts/mutants.py --survivors     the survivors again, once there are new tests; add the
                                                        names of files for theirs alone
    .venv/bin/python scripts/mutants.py --page          docs/mutants.md from the stored results

cosmic-ray makes the mutants, mutant_tests.py tests them, in one copy of the project per processor; here
only docs/mutants.md changes. Results are kept in .fintank/mutants, so an interrupted run continues.
`tests/mutants.toml` explains why no test can notice a survivor.
"""

import argparse
import compileall
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

PROJECT_ROOT = Path(__file__).resolve().parents[1]
CORE = Path("src/fintank/trading")
FOUND = PROJECT_ROOT / ".fintank" / "mutants"
PAGE = PROJECT_ROOT / "docs" / "mutants.md"
REASONS = PROJECT_ROOT / "tests" / "mutants.toml"
COPIED = ("src/fintank", "tests", "pyproject.toml", "rules.toml", "docs/trading.md")

TESTS = Path(__file__).with_name("mutant_tests.py")
REACH = FOUND / "reach.json"
KILLED_PERCENT_MIN = 95
# `|` is used in annotations only, where no test looks; `is` and `==` are equal for None and enumerations,
# whose order has no meaning; the power of a time in microseconds never ends; a decorator or a loop is no
# operator.
LEFT_OUT = (
    r"core/ReplaceBinaryOperator_(BitOr|\w+_(BitOr|BitAnd|BitXor|LShift|RShift|Pow))",
    r"core/ReplaceComparisonOperator_(Is_Eq|IsNot_NotEq|Eq_Is|NotEq_IsNot|Is(Not)?_[LG]tE?)$",
    r"core/(RemoveDecorator|ZeroIterationForLoop|ReplaceBreakWithContinue|ReplaceContinueWithBreak)",
    r"core/(ExceptionReplacer|ReplaceUnaryOperator_\w+_Invert|VariableReplacer|VariableInserter)",
)


class Mutant(NamedTuple):
    """One changed line, and its outcome: KILLED, TIMEOUT or SURVIVED."""

    module: str
    operator: str
    before: str
    after: str
    outcome: str


def main() -> int:
    """Run the requested mutants and write the page; 1 if the goal is missed or a survivor has no reason."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names of files of the trading core, without .py")
    parser.add_argument("--survivors", action="store_true", help="test the survivors again")
    parser.add_argument("--page", action="store_true", help="only rewrite docs/mutants.md")
    given = parser.parse_args()
    every = sorted(path.stem for path in (PROJECT_ROOT / CORE).glob("*.py") if path.stem != "__init__")
    FOUND.mkdir(parents=True, exist_ok=True)
    if not given.page:
        modules = given.modules or every
        if given.survivors:
            forget_survivors(modules)
        else:
            for module in given.modules:
                (FOUND / f"{module}.sqlite").unlink(missing_ok=True)
        run(modules)
    mutants = [mutant for module in every for mutant in read(module)]
    reasons = tomllib.loads(REASONS.read_text())
    page, missing = written(every, mutants, reasons)
    PAGE.write_text(page)
    print(page.split("\n\n")[1])
    for mutant in missing:
        print(f"no reason in {REASONS.name}: {key(mutant)}")
    return int(bool(missing) or percent(mutants) < KILLED_PERCENT_MIN)


def run(modules: Sequence[str]) -> None:
    """Test the mutants of these modules, one module per processor at a time."""
    copies: SimpleQueue[Path] = SimpleQueue()
    for number in range(os.cpu_count() or 1):
        copies.put(copied(FOUND / f"copy-{number}"))
    record_reach(FOUND / "copy-0")

    def test(module: str) -> None:
        copy = copies.get()
        try:
            test_module(module, copy)
        finally:
            copies.put(copy)

    # Small modules first, so that an interrupted run has complete ones.
    by_size = sorted(modules, key=lambda name: (PROJECT_ROOT / CORE / f"{name}.py").stat().st_size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(test, by_size))


def record_reach(copy: Path) -> None:
    """Record which tests reach which line. Exit if they fail on the unchanged core: they would seem to kill
    every mutant."""
    if run_tests(copy, "reach", REACH):
        sys.exit("The tests fail on the unchanged core, so no mutant can be tested.")


def forget_survivors(modules: Sequence[str]) -> None:
    """Mark the mutants that survived or timed out as untested."""
    for session in (FOUND / f"{module}.sqlite" for module in modules):
        if session.exists():
            with closing(sqlite3.connect(session)) as database, database:
                database.execute(
                    "DELETE FROM work_results WHERE test_outcome = 'SURVIVED' OR output = 'timeout'"
                )


def copied(folder: Path) -> Path:
    """Copy what the core's tests need, so that the project itself is never mutated."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in COPIED:
        source, target = PROJECT_ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "integration"))
        else:
            shutil.copy(source, target)
    compileall.compile_dir(folder, quiet=2)
    return folder


def test_module(module: str, copy: Path) -> None:
    """Test the mutants of one module that were not tested before."""
    session, config = FOUND / f"{module}.sqlite", FOUND / f"{module}.toml"
    source = hashlib.sha256((copy / CORE / f"{module}.py").read_bytes()).hexdigest()
    text = configuration(module)
    stamp = f"# {source}\n{text}"
    if not session.exists() or not config.exists() or config.read_text() != stamp:
        session.unlink(missing_ok=True)
        config.write_text(stamp)
        call(["cosmic-ray", "init", str(config), str(session)], copy)
        call(["cr-filter-operators", str(session), str(config)], copy)
    if run_tests(copy, "test", session, REACH):
        sys.exit(f"{module}: its mutants could not be tested.")
    counts = Counter(mutant.outcome for mutant in read(module))
    print(f"{module}: {dict(counts)}", flush=True)


def call(command: Sequence[str], folder: Path) -> None:
    """Run a cosmic-ray program; raise CalledProcessError if it fails."""
    program = Path(sys.executable).parent / command[0]
    subprocess.run([program, *command[1:]], cwd=folder, check=True, capture_output=True)


def run_tests(copy: Path, *arguments: str | Path) -> int:
    """Run mutant_tests.py in a copy, where no bytecode of a mutant is written; return its exit status."""
    environ = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, TESTS, *arguments], cwd=copy, env=environ, check=False).returncode


def configuration(module: str) -> str:
    """Return cosmic-ray's configuration of a module."""
    return f"""[cosmic-ray]
module-path = {json.dumps(str(CORE / f"{module}.py"))}
timeout = 60
excluded-modules = []
test-command = "true"
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = {json.dumps(LEFT_OUT)}
"""


def read(module: str) -> Iterator[Mutant]:
    """Yield the mutants of a module that were tested."""
    session = FOUND / f"{module}.sqlite"
    if not session.exists():
        return
    with use_db(str(session), WorkDB.Mode.open) as database:
        for item, result in database.completed_work_items:
            if result.worker_outcome is not WorkerOutcome.SKIPPED:
                before, after = changed(result.diff or "")
                operator = item.mutations[0].operator_name.removeprefix("core/")
                yield Mutant(module, operator, before, after, outcome(result))


def untested(module: str) -> str:
    """Say how many mutants of a module are not tested yet."""
    session = FOUND / f"{module}.sqlite"
    if not session.exists():
        return "all"
    with use_db(str(session), WorkDB.Mode.open) as database:
        return str(sum(1 for _ in database.pending_work_items))


def outcome(result: WorkResult) -> str:
    """Return KILLED, TIMEOUT or SURVIVED."""
    if result.output == "timeout":
        return "TIMEOUT"
    return "SURVIVED" if result.test_outcome is TestOutcome.SURVIVED else "KILLED"


def changed(diff: str) -> tuple[str, str]:
    """Return the first line that a diff removes, and the first that it adds."""
    gone = re.findall(r"^-(?!--)\s*(.*)$", diff, re.MULTILINE)
    come = re.findall(r"^\+(?!\+\+)\s*(.*)$", diff, re.MULTILINE)
    return (gone or [""])[0], (come or [""])[0]


def percent(mutants: Sequence[Mutant]) -> float:
    """Return the percentage killed by a failing test, timeouts excluded."""
    return 100 * sum(mutant.outcome == "KILLED" for mutant in mutants) / max(len(mutants), 1)


def key(mutant: Mutant) -> str:
    """Name a mutant by its line before and after."""
    return f"{mutant.module}: {mutant.before} => {mutant.after}"


def written(
    modules: Sequence[str], mutants: Sequence[Mutant], reasons: dict[str, str]
) -> tuple[str, list[Mutant]]:
    """Return the page, and the survivors without a reason."""
    rows = []
    for module in modules:
        own = [mutant for mutant in mutants if mutant.module == module]
        counts = Counter(mutant.outcome for mutant in own)
        rate = f"{percent(own):.1f} %" if own else "-"
        numbers = (len(own), untested(module), counts["KILLED"], counts["SURVIVED"], counts["TIMEOUT"], rate)
        rows.append(f"| `{module}.py` | {' | '.join(map(str, numbers))} |")
    survivors = [mutant for mutant in mutants if mutant.outcome != "KILLED"]
    counts = Counter(mutant.outcome for mutant in mutants)
    summary = (
        f"Killed: {counts['KILLED']:,} of {len(mutants):,} mutants, {percent(mutants):.1f} %; "
        f"survived: {counts['SURVIVED']}; by timeout alone: {counts['TIMEOUT']}. "
        f"Written on {datetime.now(UTC).date()}."
    )
    survivor_rows = [
        f"| `{mutant.module}.py` | {code(mutant.before)} | {code(mutant.after)} "
        f"| {reasons.get(key(mutant), '**no reason yet**')} |"
        for mutant in survivors
    ]
    survivor_table = "\n".join(dict.fromkeys(survivor_rows))  # a line may be there twice
    page = OPENING.format(summary=summary, rows="\n".join(rows), survivors=survivor_table)
    return page, [mutant for mutant in survivors if key(mutant) not in reasons]


def code(line: str) -> str:
    """Write a line of code as a table cell."""
    return f"`{line}`".replace("|", "\\|")


OPENING = """\
# Mutants of the trading core

{summary}

A mutant is the core with one operator changed: a comparison, a number, arithmetic, `and`, `or`, `not`, True
or False. It is killed if a test fails. `make mutants` makes them with cosmic-ray and runs, on each, the
scenarios, the unit tests of the core and the properties of log order that enter the changed function; this
page is the result. These mutations are left out: of `|`, used in annotations only; of `is` to `==`, which are
equal for None and enumerations, and to `<` and the like, as the order of enumerations has no meaning; to bit
operators; to `**`, as the power of a time in microseconds never ends; and of decorators and loops. A file's
row is of its last run: tests that came since are not counted.

| file | tested | not tested yet | killed | survived | timeout | killed, % |
|---|---|---|---|---|---|---|
{rows}

## Survivors

Each with the reason why no test can notice it, from `tests/mutants.toml`.

| file | line | mutant | why it is equivalent |
|---|---|---|---|
{survivors}
"""


if __name__ == "__main__":
    sys.exit(main())
