"""Columns of dictionaries, each chunk with one of its own, brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def encoded_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as codes into one dictionary that its chunks share.

    Arrow refuses to unite dictionaries that hold a null, and unites those of half precision as integers: such
    are taken apart value by value.
    """
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.dictionary_encode()
    if column.num_chunks < 2:
        return column
    half = pa.types.is_float16(column.type.value_type)
    if half or any(chunk.dictionary.null_count for chunk in column.chunks):
        return pa.chunked_array([column.to_pylist()], column.type.value_type).dictionary_encode()
    return widened(column).unify_dictionaries()


def widened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with codes of 32 bits at least, where it holds dictionaries, each chunk one of its own.

    Arrow unites them without another type for the codes, and refuses where theirs is too narrow.
    """
    import pyarrow as pa

    kind = column.type
    if not pa.types.is_dictionary(kind) or column.num_chunks < 2 or kind.index_type.bit_width >= 32:
        return column
    wide = [pa.DictionaryArray.from_arrays(c.indices.cast(pa.int32()), c.dictionary) for c in column.chunks]
    return pa.chunked_array(wide)
