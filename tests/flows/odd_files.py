"""Files that do something to whoever opens them; a worker process finds them here by their names."""

from __future__ import annotations

import io
import os
import signal
import time
from pathlib import Path
from typing import BinaryIO


def kills(data: bytes, marks: Path, times: int) -> BinaryIO:
    """Ends the process that opens it, the first so many times; each leaves its id in a folder."""
    if len(list(marks.iterdir())) < times:
        (marks / str(os.getpid())).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return io.BytesIO(data)


def waits(data: bytes, marks: Path) -> BinaryIO:
    """Is very slow to open, and leaves a mark before."""
    (marks / str(os.getpid())).touch()
    time.sleep(60)
    return io.BytesIO(data)
