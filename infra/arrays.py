"""Arrow arrays made from numpy and text without pandas, which pyarrow's own ``array`` imports if it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa


def number_array(values: npt.NDArray[Any]) -> pa.Array:
    """Integers, which are shared, not copied."""
    import pyarrow as pa

    kind = {1: pa.int8(), 8: pa.int64()}[values.dtype.itemsize]
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def mask_array(values: npt.NDArray[np.bool_]) -> pa.Array:
    """Booleans."""
    import pyarrow as pa

    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def text_array(values: Sequence[str | None]) -> pa.Array:
    """Texts; None is null."""
    import pyarrow as pa

    data = [b"" if value is None else value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, data)], dtype=np.int32)
    present = np.array([value is not None for value in values], dtype=np.bool_)
    buffers = [np.packbits(present, bitorder="little"), offsets, b"".join(data)]
    return pa.Array.from_buffers(pa.string(), len(data), [pa.py_buffer(buffer) for buffer in buffers])
