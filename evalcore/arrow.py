"""From Arrow tables to batches: codes and numbers taken from the buffers, checked row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalcore.batch import MISSING, Batch, LabelColumn, Source
from evalcore.columns import Reading
from evalcore.errors import InvalidPredictions
from evalcore.labels import canonical

if TYPE_CHECKING:
    import pyarrow as pa

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1 without a warning."""

Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating[Any]]


def read_batch(table: pa.Table, reading: Reading, source: Source) -> Batch:
    """The batch of a table's rows. Raises InvalidPredictions, naming the file and the first wrong row."""
    y_true = label_column(table.column(reading.ground_truth), reading.ground_truth, source)
    if reading.prediction is not None:
        y_pred = label_column(table.column(reading.prediction), reading.prediction, source)
        return Batch(source, y_true, y_pred)
    if reading.threshold is not None:
        scores, unnormalised = _positive_scores(table, reading, source)
        return Batch(source, y_true, _by_threshold(scores, reading), scores=scores, unnormalised=unnormalised)
    scores, unnormalised = _probabilities(table, reading, source)
    return Batch(source, y_true, _by_highest(scores, reading), scores=scores, unnormalised=unnormalised)


def _by_threshold(scores: Scores, reading: Reading) -> LabelColumn:
    # The threshold takes the scores' precision first: a stored float32 0.7 meets the threshold 0.7.
    threshold = scores.dtype.type(reading.threshold)
    codes = (scores >= threshold).astype(np.int8)
    codes[np.isnan(scores)] = MISSING
    return LabelColumn(codes, reading.pair)


def _by_highest(scores: Scores, reading: Reading) -> LabelColumn:
    assert reading.labels is not None
    missing = np.isnan(scores).any(axis=1)
    codes = np.where(missing, 0.0, scores.T).T.argmax(axis=1)
    codes[missing] = MISSING
    return LabelColumn(codes, reading.labels)


def _positive_scores(table: pa.Table, reading: Reading, source: Source) -> tuple[Scores, int]:
    if reading.score is not None:
        return score_column(table.column(reading.score), reading.score, source), 0
    positive = reading.pair[1]
    if len(reading.probabilities) == 1:
        column = dict(reading.probabilities)[positive]
        return score_column(table.column(column), column, source), 0
    scores, unnormalised = _probabilities(table, reading, source)
    assert reading.labels is not None
    totals = scores.astype(np.float64).sum(axis=1)
    place = reading.labels.index(positive)
    exact = np.where(totals == 1, scores[:, place], scores[:, place] / totals)
    return exact.astype(scores.dtype), unnormalised


def _probabilities(table: pa.Table, reading: Reading, source: Source) -> tuple[Scores, int]:
    """Probabilities of shape (rows, labels), NaN where one is null, with how many rows do not add up to 1."""
    if reading.probability_list is not None:
        assert reading.labels is not None
        width = len(reading.labels)
        scores = _list_scores(table.column(reading.probability_list), width, reading.probability_list, source)
    else:
        parts = [score_column(table.column(column), column, source) for _, column in reading.probabilities]
        scores = np.stack(parts, axis=1)
    totals = scores.astype(np.float64).sum(axis=1)
    if (totals == 0).any():
        row = int(np.flatnonzero(totals == 0)[0])
        raise _bad_row(source, row, "has probabilities that add up to 0")
    return scores, int(np.count_nonzero(np.abs(totals - 1) > SUM_TOLERANCE))


def score_column(column: pa.ChunkedArray, name: str, source: Source) -> Scores:
    """Scores as float32 or float64, NaN where null. Raises InvalidPredictions for any outside [0, 1]."""
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    if not (
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind)
    ):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {kind}, not scores", "store numbers from 0 to 1"
        )
    single = types.is_float32(kind) or types.is_float16(kind)
    values = column.cast(pa.float32() if single else pa.float64())
    numbers = np.concatenate([_floats(chunk) for chunk in values.chunks] or [np.zeros(0)])
    present = np.concatenate([_valid(chunk) for chunk in values.chunks] or [np.zeros(0, dtype=bool)])
    wrong = present & ~((numbers >= 0) & (numbers <= 1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise _bad_row(source, row, f"has the score {numbers[row]} in {name!r}, which is not within [0, 1]")
    numbers[~present] = np.nan
    return numbers


def _list_scores(column: pa.ChunkedArray, width: int, name: str, source: Source) -> Scores:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    kind = column.type
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {kind}, not lists of probabilities",
            "store one list of probabilities a row, in the order of labels",
        )
    lengths = pc.fill_null(pc.list_value_length(column), width)
    wrong = pc.index(pc.not_equal(lengths, width), True).as_py()
    if wrong >= 0:
        raise _bad_row(source, wrong, f"has {lengths[wrong]} probabilities in {name!r} for {width} labels")
    whole = pa.chunked_array([pc.list_flatten(chunk) for chunk in column.chunks], type=kind.value_type)
    present = np.concatenate([_valid(chunk) for chunk in column.chunks] or [np.zeros(0, dtype=bool)])
    flat = score_column(whole, name, source)
    scores = np.full((len(column), width), np.nan, dtype=flat.dtype)
    scores[present] = flat.reshape(-1, width)
    return scores


def _bad_row(source: Source, row: int, what: str) -> InvalidPredictions:
    position = source.first_row + row
    return InvalidPredictions(
        f"{source.key}: row {position} {what}", "correct the row and store the file again",
        file=source.key, row=position,
    )  # fmt: skip


def label_column(column: pa.ChunkedArray, name: str, source: Source) -> LabelColumn:
    """A column of labels: text, integers, floats, booleans, dictionaries of them; null and NaN are missing.

    Raises InvalidPredictions for any other type.
    """
    import pyarrow as pa

    if not _may_be_labels(column.type):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {column.type}, not labels",
            "store text, integers or booleans",
        )
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded = encoded.unify_dictionaries()
    chunks = encoded.chunks
    values = chunks[0].dictionary.to_pylist() if chunks else []
    codes = np.concatenate([_codes(chunk) for chunk in chunks] or [np.zeros(0, dtype=np.int32)])
    return _canonical_column(codes, [canonical(value) for value in values])


def _may_be_labels(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return _may_be_labels(kind.value_type)
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in (*tests, types.is_null, types.is_string_view))


def _canonical_column(codes: npt.NDArray[Any], names: list[str | None]) -> LabelColumn:
    """Codes of distinct labels: values that share a text share a code, values without one are missing."""
    vocabulary = tuple(dict.fromkeys(name for name in names if name is not None))
    if vocabulary == tuple(names):
        return LabelColumn(codes, vocabulary)
    places = {name: place for place, name in enumerate(vocabulary)}
    mapped = [MISSING if name is None else places[name] for name in names]
    # The last entry serves the code MISSING = -1.
    return LabelColumn(np.array([*mapped, MISSING], dtype=np.int32)[codes], vocabulary)


def _codes(chunk: pa.DictionaryArray) -> npt.NDArray[Any]:
    indices = chunk.indices
    codes = _buffer(indices, np.dtype(indices.type.to_pandas_dtype()))
    if indices.null_count == 0:
        return codes
    return np.where(_valid(indices), codes.astype(np.int32), MISSING)


def _floats(array: pa.Array) -> npt.NDArray[Any]:
    return _buffer(array, np.dtype(np.float32 if array.type.bit_width == 32 else np.float64)).copy()


def _buffer(array: pa.Array, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    # Taken from the buffer itself: pyarrow's own conversion would import pandas where it is installed.
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.zeros(len(array), dtype=dtype)
    return np.frombuffer(data, dtype=dtype, count=len(array), offset=array.offset * dtype.itemsize)


def _valid(array: pa.Array) -> Bools:
    if array.null_count == 0:
        return np.ones(len(array), dtype=bool)
    bitmap = array.buffers()[0]
    if bitmap is None:  # a null-typed array has no bitmap: all are missing
        return np.zeros(len(array), dtype=bool)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)
