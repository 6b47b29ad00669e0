"""The commands of `invoke`, each documented by `invoke --help COMMAND`, and the hooks of `sparse submit`."""

import sys
from typing import Any

from fintank.commands.program import collection

namespace = collection(sys.argv)


def pre_submit(*submission: Any) -> None:
    """Called by streamparse before it installs, builds or submits anything."""
    from fintank.storm import sparse_submit

    sparse_submit.pre_submit(*submission)


def post_submit(*submission: Any) -> None:
    """Called by streamparse when Nimbus has the topology."""
    from fintank.storm import sparse_submit

    sparse_submit.post_submit(*submission)
