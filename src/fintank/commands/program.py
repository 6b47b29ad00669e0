"""The `fintank` program: the same commands as `invoke`, from any folder, and `fintank --version`."""

import invoke.config
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
