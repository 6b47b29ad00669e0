"""The programs `fintank` and `invoke`.

`fintank` has the same commands from any folder, and `fintank --version`; `invoke` is invoke's own.
"""

import invoke.config
import invoke.main
from invoke.program import Program

import fintank
from fintank.commands.collection import collection


class Config(invoke.config.Config):
    """Keeps the commands' names as they are written: queue_ticks, not queue-ticks."""

    @staticmethod
    def global_defaults() -> dict[str, object]:
        """Return invoke's defaults with this one change."""
        defaults: dict[str, object] = invoke.config.Config.global_defaults()
        defaults["tasks"] = {**defaults["tasks"], "auto_dash_names": False}  # type: ignore[dict-item]
        return defaults


def main() -> None:
    """Run `fintank COMMAND`."""
    program = Program(
        name="fintank", version=fintank.__version__, namespace=collection(), config_class=Config
    )
    program.run()


def run_invoke() -> None:
    """Run `invoke COMMAND`; its own help and its list of commands end as well as the commands do."""
    invoke.main.program.run()
