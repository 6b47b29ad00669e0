"""A bolt's stdout is Storm's alone, from the first import of a module of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.rule_context import shipped_rules

PRINTS_AT_EACH_IMPORT = """
import builtins, os, subprocess

imported = builtins.__import__

def noisy(name, *rest, **options):
    module = imported(name, *rest, **options)
    if name.startswith("fintank.") and name != "fintank.bolts" and name != "fintank.bolts.stdio":
        print("loaded", name, flush=True)
        os.write(1, b"written to the descriptor\\n")
    return module

builtins.__import__ = noisy
"""


@pytest.mark.parametrize(
    "bolt", ["tick_deserializer.TickDeserializer", "component_order_creator.ComponentOrderCreator"]
)
@pytest.mark.parametrize("of_streamparse", [False, True])
def test_what_prints_while_modules_are_imported_does_not_reach_storm(
    tmp_path: Path, bolt: str, of_streamparse: bool
) -> None:
    program = (
        tmp_path / "streamparse_run" if of_streamparse else Path(sys.executable).with_name("streamparse_run")
    )
    (tmp_path / "streamparse_run").write_text("from streamparse.run import main\nmain()\n")
    (tmp_path / "sitecustomize.py").write_text(PRINTS_AT_EACH_IMPORT)
    handshake = {
        "pidDir": str(tmp_path),
        "conf": {"topology.name": "order_flow", "fintank.rules": shipped_rules()},
        "context": {"taskid": 3, "componentid": "bolt-under-test", "task->component": {}},
    }
    heartbeat = {"id": "1", "comp": "__system", "stream": "__heartbeat", "task": -1, "tuple": []}
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    environ.pop("PYTHONUNBUFFERED", None)
    done = subprocess.run(
        [sys.executable, program, f"fintank.bolts.{bolt}"],
        input="".join(f"{json.dumps(message)}\nend\n" for message in (handshake, heartbeat)),
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.count("loaded fintank.") > 10
    assert "written to the descriptor" in done.stderr
    messages = [json.loads(message) for message in done.stdout.split("\nend\n") if message]
    assert [message.get("command", "pid") for message in messages if message.get("command") != "log"] == [
        "pid",
        "sync",
    ]
