"""The tests of `make mutants`: which tests reach a function, and whether they notice a mutant of it.

    python mutant_tests.py reach TESTS.json              run all tests, record which reach which line
    python mutant_tests.py test SESSION TESTS.json       test a session's pending mutants

Run it in a copy of the project, with the copy's src on PYTHONPATH. Each mutant is tested in a fork of this
process, which has imported every library that the tests need but nothing of the project: a mutant costs
no start of Python.
"""

import ast
import contextlib
import difflib
import importlib
import io
import json
import os
import resource
import runpy
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from math import ceil, inf
from pathlib import Path
from typing import Any, NoReturn

import coverage
import pytest
from cosmic_ray import plugins
from cosmic_ray.mutating import use_mutation
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult
from hypothesis import Phase, settings

CORE = Path("src/fintank/trading")
TESTS = (
    "tests/unit/trading",
    *(
        f"tests/properties/test_{name}.py"
        for name in ("log_merge", "log_replay", "shared_windows", "wrong_clocks")
    ),
)
SCENARIOS = "tests/scenarios/on_the_core.py"
PYTEST = (
    *("-x", "-q", "-m", "not soak", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"),
    # Libraries are imported before pytest could rewrite their asserts.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
    # How fast something is says nothing while lines are recorded.
    *("-k", "not in_a_second and not under_a_second"),
)

# A mutant that loops is ended after so much CPU, in the scenarios or in a test, and one that fills the memory
# at this. The clock would also count how busy the machine is.
SCENARIOS_SECONDS_MAX = 12.0
TEST_SECONDS_MIN = 3.0
TIMES_AS_LONG = 4.0
MEMORY_MAX = 6 << 30
LOOPING_TESTS_MAX = 3
LOOPED = 75
"""The exit status of tests none of which fails while some do not end."""


class NoShrinking:
    """A pytest plugin that lets properties fail at the first example: nobody reads which is the smallest."""

    def pytest_collection(self) -> None:
        """Change the profile after conftest.py has set it, and before any property is imported."""
        usual = settings.get_profile("quick")
        settings.register_profile("mutants", parent=usual, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutants")


class Looped(BaseException):
    """A test took too long."""


class Patience:
    """A pytest plugin that ends tests that take too long, by how long each usually takes: others may fail."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds
        self.looped = 0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Raise Looped in a test that takes too long."""

        def end(_number: int, _frame: object) -> NoReturn:
            raise Looped

        signal.signal(signal.SIGPROF, end)
        signal.setitimer(signal.ITIMER_PROF, TEST_SECONDS_MIN + TIMES_AS_LONG * self.seconds[item.nodeid])
        yield
        signal.setitimer(signal.ITIMER_PROF, 0)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        """Count a test that was ended, and go on with the next."""
        made = yield
        if call.excinfo is not None and call.excinfo.errisinstance(Looped):
            made.get_result().outcome = "passed"
            self.looped += 1
            if self.looped == LOOPING_TESTS_MAX:
                os._exit(LOOPED)


class Reach:
    """A pytest plugin that records which lines each test reaches, and how much CPU it takes, in seconds."""

    def __init__(self, recorder: coverage.Coverage) -> None:
        self.recorder = recorder
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Give each test a context of its own."""
        self.recorder.switch_context(item.nodeid)
        started = time.process_time()
        yield
        self.seconds[item.nodeid] = time.process_time() - started


def reach(found: Path) -> int:
    """Run all tests on the unchanged core, and store what each reaches; return 0 if they pass."""
    recorder = coverage.Coverage(data_file=None, config_file=False, include=[f"{Path.cwd() / CORE}/*"])
    plugin = Reach(recorder)
    with recorder.collect():
        code = pytest.main([*PYTEST, *TESTS], plugins=[plugin, NoShrinking()])
    play_scenarios()
    data = recorder.get_data()
    lines = {Path(file).stem: data.contexts_by_lineno(file) for file in data.measured_files()}
    found.write_text(
        json.dumps({"seconds": plugin.seconds, "lines": lines, "libraries": libraries()}), encoding="utf-8"
    )
    return int(code)


def libraries() -> list[str]:
    """Return the imported modules that are not the project's."""
    outside = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return [
        name
        for name, module in sys.modules.items()
        if str(getattr(module, "__file__", None) or "").startswith(outside)
    ]


def test_session(session: Path, found: Path) -> None:
    """Test the pending mutants of a session one by one, and store each result at once."""
    known = json.loads(found.read_text(encoding="utf-8"))
    for name in known["libraries"]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with use_db(str(session), WorkDB.Mode.open) as database:
        items = list(database.pending_work_items)
        check_unchanged(items, known)
        for item in items:
            database.set_result(item.job_id, tested(item, known))


def check_unchanged(items: Sequence[WorkItem], known: dict[str, Any]) -> None:
    """Exit if the tests of the first mutant fail without it: they would seem to kill every mutant."""
    for item in items[:1]:
        (mutation,) = item.mutations
        tests = reaching(mutation.module_path, mutation.start_pos[0], known)
        if in_forks(tests, known["seconds"], inf, inf) != (TestOutcome.SURVIVED, ""):
            sys.exit(f"{mutation.module_path}: its tests fail on the unchanged core.")


def tested(item: WorkItem, known: dict[str, Any]) -> WorkResult:
    """Apply a mutant and return what the tests say of it."""
    (mutation,) = item.mutations
    operator = plugins.get_operator(mutation.operator_name)(**mutation.operator_args)
    tests = reaching(mutation.module_path, mutation.start_pos[0], known)
    seconds: dict[str, float] = known["seconds"]
    tests_s = sum(TEST_SECONDS_MIN + TIMES_AS_LONG * seconds[test] for test in tests)
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as (before, after):
        if after is None:
            return WorkResult(worker_outcome=WorkerOutcome.NO_TEST)
        outcome, output = in_forks(tests, seconds, SCENARIOS_SECONDS_MAX, tests_s)
        diff = "\n".join(difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm=""))
    return WorkResult(WorkerOutcome.NORMAL, output, outcome, diff)


def reaching(module: Path, line: int, known: dict[str, Any]) -> list[str]:
    """Return the tests that enter the function of a line, the quickest first; all for a line outside."""
    seconds: dict[str, float] = known["seconds"]
    tests: set[str] = set(seconds)
    lines: dict[str, list[str]] = known["lines"].get(module.stem, {})
    functions = [
        node
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        if node.body[0].lineno <= line <= (node.end_lineno or 0)
    ]
    if functions:
        inner = max(functions, key=lambda node: node.lineno)
        inside = range(inner.body[0].lineno, (inner.end_lineno or 0) + 1)
        reached = {test for number in inside for test in lines.get(str(number), ())}
        # "" is the import of a test file: it may keep for all its tests what it computes.
        tests = tests if "" in reached else reached
    return sorted(tests, key=seconds.__getitem__)


def in_forks(
    tests: Sequence[str], seconds: Mapping[str, float], scenarios_s: float, tests_s: float
) -> tuple[TestOutcome, str]:
    """Run the scenarios and then these tests; return the outcome, and "timeout" if one took too long and
    the other did not fail."""
    by_scenarios = in_a_fork(play_scenarios, scenarios_s)
    if not tests or by_scenarios == (TestOutcome.KILLED, ""):
        return by_scenarios
    by_tests = in_a_fork(lambda: run_tests(tests, seconds), tests_s)
    return by_scenarios if by_tests[0] is TestOutcome.SURVIVED else by_tests


def run_tests(tests: Sequence[str], seconds: Mapping[str, float]) -> int:
    """Run tests; return 0 if they pass, and LOOPED if some did not end and none failed."""
    patience = Patience(seconds)
    code = int(pytest.main([*PYTEST, *tests], plugins=[NoShrinking(), patience]))
    return LOOPED if patience.looped and not code else code


def in_a_fork(run: Callable[[], int], cpu_s: float) -> tuple[TestOutcome, str]:
    """Call `run` in a child, for at most so many seconds of CPU; the mutant survives if it returns 0."""
    child = os.fork()
    if not child:
        os._exit(silent(run, cpu_s))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    looped = code in (LOOPED, -signal.SIGXCPU)
    return (TestOutcome.KILLED if code else TestOutcome.SURVIVED), "timeout" * looped


def silent(run: Callable[[], int], cpu_s: float) -> int:
    """Return what `run` returns, or 1 if it raises anything; it prints nothing."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    if cpu_s < inf:
        resource.setrlimit(resource.RLIMIT_CPU, (ceil(cpu_s), resource.RLIM_INFINITY))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdout = sys.stderr = io.StringIO()
    try:
        return run()
    except BaseException:
        return 1


def play_scenarios() -> int:
    """Play the scenario tables on the core; return 0, as it raises an exception if one differs."""
    runpy.run_path(SCENARIOS, run_name="__main__")
    return 0


if __name__ == "__main__":
    verb, *paths = sys.argv[1:]
    sys.exit({"reach": reach, "test": test_session}[verb](*map(Path, paths)))
