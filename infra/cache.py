"""Where what only saves time is kept, beyond the store: the user's cache."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder of Assay's own, which may not be there; raises RuntimeError where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one is to be ignored, says the standard that names the variable.
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "assay"
