"""The pictures of the topology are up to date."""

import runpy

from fintank.settings import PROJECT_ROOT


def test_the_pictures_show_the_current_topology() -> None:
    script = runpy.run_path(str(PROJECT_ROOT / "scripts" / "pictures.py"))
    drawn = script["pictures"]()
    committed = {name: (script["FOLDER"] / f"{name}.dot").read_text() for name in drawn}
    assert drawn == committed, "run scripts/presentation"
    for name in (*drawn, "dashboard"):
        assert (script["FOLDER"] / f"{name}.png").read_bytes().startswith(b"\x89PNG")
