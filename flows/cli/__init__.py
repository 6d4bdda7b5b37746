"""The command line ``assay``: one module a group of commands, errors and exit statuses in one place.

Heavy libraries are imported by the commands that need them: help and the reading commands stay quick.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

END_SECONDS = 5.0
"""How long what libraries do on their way out may keep a command that is done."""


def program() -> NoReturn:
    """The program ``assay``: run a command, and end with its exit status."""
    from flows.progress import only_json

    only_json()
    status = main()
    # Prefect's threads go on trying to send what they have, for minutes where its API is away.
    end = threading.Timer(END_SECONDS, os._exit, (status,))
    end.daemon = True
    end.start()
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    from infra.machine import prepare

    _have_standard_error()
    prepare()
    from flows.cli.run import run

    return run(list(sys.argv[1:] if arguments is None else arguments))


def _have_standard_error() -> None:
    """Where a daemon closed it, what is said goes nowhere, and not into the next file that is opened."""
    if sys.stderr is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w")
