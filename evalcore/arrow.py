"""Columns of Arrow tables as codes and numbers, taken from the buffers and checked row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalcore.batch import Bools, LabelColumn, Scores, Source
from evalcore.dictionaries import encoded_column
from evalcore.errors import InvalidPredictions
from evalcore.labels import canonical
from evalcore.texts import no_text
from evalcore.weights import refuse_endless

if TYPE_CHECKING:
    import pyarrow as pa


CLOSE_TOGETHER = 1 << 14
"""Integers whose range is smaller are labels by their distance from the least."""

FEW_ROWS = 1 << 16
"""So many rows are looked at before all are."""


def bad_row(source: Source, row: int, what: str) -> InvalidPredictions:
    """The error for one row, counted from the batch's first, by its place in its file."""
    position = source.position(row)
    return InvalidPredictions(
        f"{source.key}: row {position} {what}",
        "correct the row and store the file again",
        file=source.key,
        row=position,
    )


def label_column(column: pa.ChunkedArray, name: str, source: Source) -> LabelColumn:
    """A column of labels: text, integers, floats, booleans, dictionaries of them; null and NaN are missing.

    Raises InvalidPredictions for any other type.
    """
    import pyarrow as pa

    if not may_be_labels(column.type):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {column.type}, not labels",
            "store text, integers or booleans",
        )
    if pa.types.is_integer(column.type) and (found := _integer_column(column)) is not None:
        return found
    encoded = encoded_column(column)
    values = _shortest(encoded.chunk(0).dictionary) if encoded.num_chunks else []
    names = values if is_text(encoded.type.value_type) else [canonical(value) for value in values]
    parts = [_codes(chunk, len(values)) for chunk in encoded.chunks]
    codes = parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros(0, dtype=np.int32)])
    return _canonical_column(codes, names)


def _shortest(values: pa.Array) -> list[Any]:
    """The values, those of less than double precision as the shortest numbers that they stand for."""
    found: list[Any] = values.to_pylist()
    kind = {"float": np.float32, "halffloat": np.float16}.get(str(values.type))
    if kind is None:
        return found
    return [value if value is None else float(str(kind(value))) for value in found]


def slice_column(column: pa.ChunkedArray, name: str, source: Source) -> LabelColumn:
    """A column whose values part the rows: what labels may be, dates, times and decimals too, by their text.

    Raises InvalidPredictions for any other type, and for times in a zone that this machine does not know.
    """
    import pyarrow as pa

    if pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type):
        try:
            column = column.cast(pa.string())
        except pa.ArrowException as error:
            raise no_text(name, column.type, error) from error
    return label_column(column, name, source)


def _integer_column(column: pa.ChunkedArray) -> LabelColumn | None:
    """Integers that lie close together, numbered from the least: no value is looked up. None for others."""
    if column.null_count or not len(column):
        return None
    parts = [_buffer(chunk, np.dtype(str(column.type))) for chunk in column.chunks]
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    least, most = int(values.min()), int(values.max())
    if most - least >= CLOSE_TOGETHER:
        return None
    codes = _distances(values, least, np.dtype(np.uint8 if most - least < 256 else np.uint16))
    occurs = _occurring(codes, most - least + 1)
    vocabulary = tuple(str(least + place) for place in np.flatnonzero(occurs).tolist())
    if not occurs.all():
        codes = (np.cumsum(occurs) - 1).astype(codes.dtype)[codes]
    return LabelColumn(codes, vocabulary)


def _distances(values: npt.NDArray[Any], least: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """How far each value is from the least; ``kind`` can hold it, and arithmetic may wrap around."""
    unsigned = values.view(f"u{values.itemsize}")
    start = unsigned.dtype.type(least % (1 << 8 * values.itemsize))
    return (unsigned - start if start else unsigned).astype(kind, copy=False)


def _occurring(codes: npt.NDArray[Any], width: int) -> Bools:
    """Which codes occur; mostly the first rows already have them all."""
    first = np.bincount(codes[:FEW_ROWS], minlength=width) > 0
    return first if first.all() or len(codes) <= FEW_ROWS else np.bincount(codes, minlength=width) > 0


def may_be_labels(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type can be labels."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return may_be_labels(kind.value_type)
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in (*tests, types.is_null, types.is_string_view))


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text, which is its own label."""
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether an Arrow type is one of lists."""
    import pyarrow.types as types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def score_column(column: pa.ChunkedArray, name: str, source: Source, rows: Any = None) -> Scores:
    """Scores as float32 or float64, NaN where null. Raises InvalidPredictions for any outside [0, 1].

    ``rows`` are the rows that the values are of, where they are not one a row.
    """
    numbers, present = number_column(column, name, source, "scores", "store numbers from 0 to 1")
    if present is None and len(numbers) and numbers.min() >= 0 and numbers.max() <= 1:  # NaN is neither
        return numbers
    with np.errstate(invalid="ignore"):
        wrong = ~((numbers >= 0) & (numbers <= 1))
    if present is not None:
        wrong &= present
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        row = place if rows is None else int(rows[place])
        raise bad_row(source, row, f"has the score {numbers[place]} in {name!r}, which is not within [0, 1]")
    if present is None:
        return numbers
    return np.where(present, numbers, numbers.dtype.type(np.nan))


def precision_of(column: pa.ChunkedArray) -> np.dtype[Any]:
    """The precision that numbers of a column, or of its lists, have."""
    import pyarrow.types as types

    kind = column.type.value_type if is_list(column.type) else column.type
    narrow = {types.is_float16: np.float16, types.is_float32: np.float32}
    return np.dtype(next((dtype for test, dtype in narrow.items() if test(kind)), np.float64))


def weight_column(column: pa.ChunkedArray, name: str, source: Source) -> npt.NDArray[np.float64]:
    """Weights as float64, 1 where null.

    Raises InvalidPredictions where one is not finite or below 0, or where their sum is not finite.
    """
    numbers, present = number_column(column, name, source, "weights", "store finite numbers, none below 0")
    weights = numbers.astype(np.float64)
    if present is not None:
        weights = np.where(present, weights, 1.0)
    wrong = ~((weights >= 0) & (weights < np.inf))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise bad_row(source, row, f"has the weight {weights[row]} in {name!r}, which is not finite and ≥ 0")
    with np.errstate(over="ignore"):
        refuse_endless(float(weights.sum()), file=source.key)
    return weights


def number_column(
    column: pa.ChunkedArray, name: str, source: Source, what: str, remedy: str
) -> tuple[Scores, Bools | None]:
    """Numbers as float32 where stored so or in half precision, else float64, and which rows have one.

    None for the latter means all.
    """
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    tests = (types.is_floating, types.is_integer, types.is_boolean, types.is_null, types.is_decimal)
    if not any(test(kind) for test in tests):
        raise InvalidPredictions(f"{source.key}: the column {name!r} holds {kind}, not {what}", remedy)
    single = types.is_float32(kind) or types.is_float16(kind)
    wanted = pa.float32() if single else pa.float64()
    values = column if kind == wanted else column.cast(wanted, safe=False)
    dtype = np.dtype(np.float32 if single else np.float64)
    parts = [_buffer(chunk, dtype) for chunk in values.chunks]
    numbers = parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros(0, dtype=dtype)])
    return numbers, _present(values)


def _present(column: pa.ChunkedArray) -> Bools | None:
    if column.null_count == 0:
        return None
    return np.concatenate([valid(chunk) for chunk in column.chunks])


def _canonical_column(codes: npt.NDArray[Any], names: list[str | None]) -> LabelColumn:
    """Codes of distinct labels: values that share a text share a code, values without one are missing."""
    vocabulary = tuple(dict.fromkeys(name for name in names if name is not None))
    if vocabulary == tuple(names):
        return LabelColumn(codes, vocabulary)
    places = {name: place for place, name in enumerate(vocabulary)}
    mapped = [len(vocabulary) if name is None else places[name] for name in names]
    # The last entry serves the code of a null, which lies behind the file's own values.
    return LabelColumn(np.array([*mapped, len(vocabulary)], dtype=np.int32)[codes], vocabulary)


def _codes(chunk: pa.DictionaryArray, missing: int) -> npt.NDArray[Any]:
    """A chunk's codes as they are stored; a null has the code ``missing``."""
    indices = chunk.indices
    # uint64 is taken as int64, which holds every code too: numpy makes floats of both together.
    dtype = np.dtype(np.int64 if indices.type.bit_width == 64 else str(indices.type))
    codes = _buffer(indices, dtype)
    if indices.null_count == 0:
        return codes
    kind = np.dtype(np.uint8 if missing < 256 else np.int32)
    return np.where(valid(indices), codes.astype(kind), kind.type(missing))


def _buffer(array: pa.Array, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    # Taken from the buffer itself: pyarrow's own conversion would import pandas where it is installed.
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(len(array), dtype=dtype)
    return np.frombuffer(data, dtype=dtype, count=len(array), offset=array.offset * dtype.itemsize)


def valid(array: pa.Array) -> Bools:
    """Which values of an Arrow array are not null."""
    if array.null_count == 0:
        return np.ones(len(array), dtype=bool)
    bitmap = array.buffers()[0]
    if bitmap is None:  # a null-typed array has no bitmap: all are missing
        return np.zeros(len(array), dtype=bool)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)
