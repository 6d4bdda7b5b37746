"""Temporary files for what does not fit the memory that ids may take."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalcore.errors import StorageUnavailable

PARTS = 128
"""Into how many parts the ids are divided by their hashes."""
PART_BITS = 7


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is removed at the end. Raises StorageUnavailable where it cannot be made."""
    with telling(), tempfile.TemporaryDirectory(prefix="assay-ids-") as name:
        yield Path(name)


@contextmanager
def telling() -> Iterator[None]:
    """Turns what the operating system says of a temporary file into StorageUnavailable."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            f"ids do not fit in memory, and {tempfile.gettempdir()} cannot take them: {error.strerror}",
            "free space there, or name another folder in TMPDIR",
        ) from error
