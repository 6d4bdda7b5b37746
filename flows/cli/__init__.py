"""The command line ``assay``: one module a group of commands, errors and exit statuses in one place.

Heavy libraries are imported by the commands that need them: help and the reading commands stay quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    from infra.machine import prepare

    prepare()
    from flows.cli.run import run

    return run(list(sys.argv[1:] if arguments is None else arguments))
