"""A large object as a file that is fetched range by range as it is read."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

_LARGEST = 16 << 20


class RangedObject(io.RawIOBase):
    """``size`` bytes read by ``fetch(start, end)``, at most 16 MiB at a time; for a BufferedReader."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._position = 0

    def readable(self) -> bool:
        """It is read only."""
        return True

    def seekable(self) -> bool:
        """Any place can be read next."""
        return True

    def tell(self) -> int:
        """Where the next read starts."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a place, which may lie behind the end; raises ValueError for one before the start."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer from here on, as far as one request goes; 0 at the end."""
        end = min(self._size, self._position + min(len(buffer), _LARGEST))
        if end <= self._position:
            return 0
        data = self._fetch(self._position, end)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
