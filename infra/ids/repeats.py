"""Whether any id occurs twice: by order where ids ascend, else by sorting hashes, 8 bytes an id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from infra.ids.spill import PART_BITS, PARTS, telling, temporary_folder
from infra.ids.texts import Hashes

if TYPE_CHECKING:
    import pyarrow as pa


def ascending(columns: Iterable[pa.ChunkedArray]) -> bool:
    """Whether ids ascend throughout, as numbers or as texts, so that none can occur twice.

    Stops at the first one that does not. False for what is neither, and where the type changes.
    """
    last: pa.Scalar | None = None
    for column in columns:
        if column.null_count == len(column):
            continue
        if not _comparable(column.type) or (last is not None and last.type != column.type):
            return False
        for chunk in column.chunks:
            known = chunk.drop_null() if chunk.null_count else chunk
            if not len(known):
                continue
            if not _ascends(known, last):
                return False
            last = known[-1]
    return True


def _comparable(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind))


def _ascends(values: pa.Array, last: pa.Scalar | None) -> bool:
    import pyarrow.compute as pc

    if last is not None and not pc.less(last, values[0]).as_py():
        return False
    return len(values) == 1 or bool(pc.all(pc.less(values[:-1], values[1:])).as_py())


def repeated_hashes(found: Iterable[Hashes], budget: int) -> Hashes:
    """The hashes that occur more than once, sorted; no other id can occur twice.

    Beyond ``budget`` bytes they go to temporary files, in parts that are sorted one by one.
    """
    held: list[Hashes] = []
    size = 0
    with ExitStack() as stack:
        spilled: _Spilled | None = None
        for some in found:
            held.append(some)
            size += some.nbytes
            if size > budget:
                spilled = spilled or _Spilled(stack)
                spilled.take(held)
                held, size = [], 0
        if spilled is None:
            return _repeated(held)
        spilled.take(held)
        return np.concatenate([_repeated([part]) for part in spilled.parts()])


def _repeated(parts: list[Hashes]) -> Hashes:
    if not parts:
        return np.zeros(0, dtype=np.uint64)
    together = np.concatenate(parts)
    parts.clear()
    together.sort()
    return np.unique(together[1:][together[1:] == together[:-1]])


class _Spilled:
    """Hashes in files, by their first bits, so that equal ones lie in one file and files are in order."""

    def __init__(self, stack: ExitStack) -> None:
        self._folder: Path = stack.enter_context(temporary_folder())
        self._files: list[BinaryIO] = [
            stack.enter_context((self._folder / str(part)).open("w+b")) for part in range(PARTS)
        ]

    def take(self, held: list[Hashes]) -> None:
        """Writes hashes to their files."""
        for some in held:
            parts = (some >> np.uint64(64 - PART_BITS)).astype(np.uint8)
            ordered = some[np.argsort(parts, kind="stable")]
            ends = np.cumsum(np.bincount(parts, minlength=PARTS))[:-1]
            with telling():
                for file, part in zip(self._files, np.split(ordered, ends), strict=True):
                    part.tofile(file)

    def parts(self) -> Iterator[Hashes]:
        """Each file's hashes."""
        for file in self._files:
            with telling():
                file.seek(0)
                yield np.fromfile(file, dtype=np.uint64)
