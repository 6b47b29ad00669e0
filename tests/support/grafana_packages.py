"""Grafana's own npm packages."""

from fintank.settings import PROJECT_ROOT

NODE_MODULES = PROJECT_ROOT / ".fintank" / "opt" / "grafana-types" / "node_modules"
"""Where `scripts/setup soak` installs them, and TypeScript."""
