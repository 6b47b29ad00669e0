"""The rendered cookbook, shared by all tests of the VM."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.cookbook import COOKBOOK, Rendered, run_render


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Rendered]:
    """Render the cookbook; arguments override its attributes."""

    def rendered(**attributes: Any) -> Rendered:
        root = tmp_path_factory.mktemp("rendered") / "root"
        done = run_render(root, COOKBOOK, **attributes)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        return Rendered(root, result["node"]["fintank"], result["resources"])

    return rendered


@pytest.fixture(scope="session")
def machine(render: Callable[..., Rendered]) -> Rendered:
    """The cookbook with its default attributes, as on the VM."""
    return render()
