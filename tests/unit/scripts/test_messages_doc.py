"""docs/messages.md is what the schemas say."""

import runpy

from fintank.settings import PROJECT_ROOT


def test_the_page_is_as_it_is_made():
    script = runpy.run_path(str(PROJECT_ROOT / "scripts" / "messages_doc.py"))
    assert script["document"]() == script["DOCUMENT"].read_text(), "run scripts/messages_doc.py"


def test_the_page_tells_of_every_schema():
    script = runpy.run_path(str(PROJECT_ROOT / "scripts" / "messages_doc.py"))
    assert {*script["NAMES"], "types"} == {path.stem for path in script["SCHEMAS"].glob("*.json")}
