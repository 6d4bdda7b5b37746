"""Render processes: long-lived, one report at a time each, so that a killed one loses one job.

WeasyPrint takes a second to load and Pango is not safe in threads. A process of its own loads it while the
figures are still being computed, and as many render side by side as there are cores.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evalcore.errors import InternalError
from flows.processes import Died, Processes, serve

if TYPE_CHECKING:
    from templates import Rendered

ATTEMPTS = 2
"""How often a document is rendered before a process that dies of it is held to be a bug."""


class Renderers:
    """The render processes of this process: started when first needed, ended with it."""

    def __init__(self, limit: int | None = None) -> None:
        self.processes = Processes("flows.rendering", limit or os.cpu_count() or 1)

    def warm(self) -> None:
        """Have a process ready soon, if none is."""
        self.processes.warm()

    def render(self, document: Mapping[str, Any]) -> dict[str, Rendered]:
        """Every artifact of an evaluation.

        A process that dies under a document is replaced once. Raises InternalError where the next one does
        too, and whatever rendering raises.
        """
        try:
            return dict(self.processes.ask(document, attempts=ATTEMPTS))
        except Died as died:
            raise InternalError(
                f"the process that renders the reports died, with status {died.status}",
                "look at its output above, report it",
            ) from died

    def stop(self) -> None:
        """End the processes."""
        self.processes.stop()


renderers = Renderers()
"""Those of this process."""


def _render(document: dict[str, Any]) -> dict[str, Rendered]:
    import templates

    return templates.render(document)


def _load() -> None:
    import templates

    templates.load()


if __name__ == "__main__":
    serve(_render, _load)
