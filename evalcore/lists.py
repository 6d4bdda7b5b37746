"""Columns of lists: how long each list is, whether it is whole, and all elements in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalcore.arrow import valid

if TYPE_CHECKING:
    import pyarrow as pa


def list_lengths(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], Any]:
    """The length of every list, 0 where null, and which rows have one."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).cast("int64")
    present = [valid(chunk) for chunk in column.chunks]
    numbers = [
        np.frombuffer(c.buffers()[1], np.int64, len(c), c.offset * 8) for c in lengths.chunks if len(c)
    ]
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate(numbers or [none]), np.concatenate(present or [none.astype(bool)])


def flattened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The elements of all lists, one after the other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.chunked_array([pc.list_flatten(chunk) for chunk in column.chunks], type=column.type.value_type)


def whole_lists(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], Any]:
    """The length of every list, 0 where null, and which rows have one without a null in it."""
    lengths, present = list_lengths(column)
    elements = flattened(column)
    if elements.null_count:
        gaps = np.concatenate([~valid(chunk) for chunk in elements.chunks])
        rows = np.repeat(np.arange(len(lengths)), lengths)
        present = present & (np.bincount(rows, gaps, minlength=len(lengths)) == 0)
    return lengths, present
