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

    prepare()
    from flows.cli.run import run

    return run(list(sys.argv[1:] if arguments is None else arguments))
