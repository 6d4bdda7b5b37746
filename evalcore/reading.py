"""From an Arrow table to a batch: what every row is, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalcore.arrow import (
    bad_row,
    is_list,
    label_column,
    number_column,
    precision_of,
    score_column,
    slice_column,
    weight_column,
)
from evalcore.batch import Apart, Batch, Bools, LabelColumn, Scores, Source, Tally, row_sums
from evalcore.columns import Reading
from evalcore.dictionaries import widened
from evalcore.errors import InvalidPredictions
from evalcore.lists import flattened, list_lengths, whole_lists
from evalcore.values import Floats

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 1 << 15
"""Rows worked on at a time, so that what lies between stays in a core's cache."""

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1 without a warning."""


NOTHING = Apart()


def read_batch(table: pa.Table, reading: Reading, source: Source, apart: Apart = NOTHING) -> Batch:
    """The batch of a table's rows. Raises InvalidPredictions, naming the file and the first wrong row."""
    if reading.ground_truth is not None and _holds_lists(table, reading):
        return _elements(table, reading, source, apart.repeated)
    y_true = read_actual(table, reading, source) if apart.actual is None else apart.actual
    scored = _scored(table, reading, source)
    weight = reading.weight
    batch = Batch(
        source,
        y_true,
        _predicted(table, reading, source, scored),
        scores=scored.scores,
        weights=None if weight is None else weight_column(table.column(weight), weight, source),
        slices={name: slice_column(table.column(name), name, source) for name in reading.slices},
        totals=scored.totals,
        unnormalised=scored.unnormalised,
        precision=scored.precision if reading.binary else None,
    )
    return batch if apart.repeated is None else _without(batch, apart.repeated)


def _holds_lists(table: pa.Table, reading: Reading) -> bool:
    """Whether the actual labels are lists: of a piece that has none, by what stands beside."""
    kinds = [table.schema.field(name).type for name in _element_columns(reading)]
    return is_list(kinds[0]) or (str(kinds[0]) == "null" and any(map(is_list, kinds[1:])))


def _element_columns(reading: Reading) -> list[str]:
    """The actual labels' column, then the others that hold a list a row where that one does."""
    return [name for name in (reading.ground_truth, reading.prediction, reading.score) if name]


def _without(batch: Batch, repeated: Bools) -> Batch:
    """The batch whose repeated rows have no labels; they keep the places that errors name."""
    return replace(
        batch,
        y_true=_unlabelled(batch.y_true, repeated),
        y_pred=_unlabelled(batch.y_pred, repeated),
        repeated=int(np.count_nonzero(repeated)),
    )


def _unlabelled(column: LabelColumn, rows: Bools) -> LabelColumn:
    codes = np.where(rows, np.int32(column.missing), column.codes.astype(np.int32))
    return LabelColumn(codes, column.vocabulary)


def read_actual(table: pa.Table, reading: Reading, source: Source) -> LabelColumn:
    """The actual labels of a table's rows, from one column or from one-hot columns."""
    if reading.ground_truth is not None:
        return label_column(table.column(reading.ground_truth), reading.ground_truth, source)
    return _one_hot(table, reading, source)


def _one_hot(table: pa.Table, reading: Reading, source: Source) -> LabelColumn:
    """One column of 0 and 1 for every label: exactly one must be 1, and a row with a null is missing."""
    labels = tuple(label for label, _ in reading.one_hot)
    codes: npt.NDArray[np.int32] = np.zeros(table.num_rows, dtype=np.int32)
    hits: npt.NDArray[np.int32] = np.zeros(table.num_rows, dtype=np.int32)
    missing = np.zeros(table.num_rows, dtype=bool)
    for place, (_, name) in enumerate(reading.one_hot):
        numbers, present = number_column(table.column(name), name, source, "0 and 1", "store 0 or 1")
        if present is not None:
            missing |= ~present
        codes[numbers == 1] = place
        hits += numbers == 1
        odd = (numbers != 0) & (numbers != 1) & ~missing
        if odd.any():
            row = int(np.flatnonzero(odd)[0])
            raise bad_row(source, row, f"has {numbers[row]} in the one-hot column {name!r}")
    wrong = (hits != 1) & ~missing
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise bad_row(source, row, f"has {hits[row]} actual labels in its one-hot columns, not one")
    codes[missing] = len(labels)
    return LabelColumn(codes, labels)


@dataclass(frozen=True)
class _Scored:
    scores: Scores | None
    unnormalised: int = 0
    totals: Floats | None = None
    precision: np.dtype[Any] | None = None

    @property
    def compared(self) -> Scores:
        """The scores in the precision of their columns."""
        assert self.scores is not None
        return self.scores if self.precision is None else self.scores.astype(self.precision)


def _scored(table: pa.Table, reading: Reading, source: Source) -> _Scored:
    if not reading.scored:
        return _Scored(None)
    if reading.score is not None:
        return _of_positive(table, reading.score, source)
    if reading.binary and len(reading.probabilities) == 1:
        return _of_positive(table, reading.probabilities[0][1], source)
    scores, totals = _probabilities(table, reading, source)
    unnormalised = int(np.count_nonzero(np.abs(totals - 1) > SUM_TOLERANCE))
    if not reading.binary:
        return _Scored(scores, unnormalised, totals)
    assert reading.labels is not None
    positive = scores[:, reading.labels.index(reading.pair[1])].astype(np.float64)
    columns = [reading.probability_list or "", *(column for _, column in reading.probabilities)]
    found = max(precision_of(table.column(name)) for name in columns if name)
    return _Scored(positive / totals, unnormalised, precision=found if found < positive.dtype else None)


def _of_positive(table: pa.Table, name: str, source: Source) -> _Scored:
    """The positive label's own scores; half precision is widened, which loses nothing."""
    column = table.column(name)
    scores, precision = score_column(column, name, source), precision_of(column)
    return _Scored(scores, precision=precision if precision < scores.dtype else None)


def _predicted(table: pa.Table, reading: Reading, source: Source, scored: _Scored) -> LabelColumn:
    if reading.prediction is not None:
        return label_column(table.column(reading.prediction), reading.prediction, source)
    assert scored.scores is not None
    if reading.predicts == "score":
        return by_threshold(scored.compared, reading)
    return _by_highest(scored.scores, reading)


def by_threshold(scores: Scores, reading: Reading) -> LabelColumn:
    """The positive label where the score reaches the threshold, which takes the scores' precision first.

    A stored float32 0.7 so meets the threshold 0.7.
    """
    codes = (scores >= scores.dtype.type(reading.threshold)).astype(np.int8)
    codes[np.isnan(scores)] = 2
    return LabelColumn(codes, reading.pair)


def _by_highest(scores: Scores, reading: Reading) -> LabelColumn:
    """The label of the highest probability, of equal ones the first; none where one is missing."""
    assert reading.labels is not None
    codes: npt.NDArray[Any] = np.zeros(len(scores), np.uint8 if scores.shape[1] < 256 else np.uint16)
    for start in range(0, len(scores), CHUNK):
        part, found = scores[start : start + CHUNK], codes[start : start + CHUNK]
        highest = part[:, 0].copy()
        for place in range(1, scores.shape[1]):
            column = part[:, place]
            # Places rise, so that the last column above all before it is the greatest.
            np.maximum(found, (column > highest) * found.dtype.type(place), out=found)
            np.maximum(highest, column, out=highest)  # once NaN, always NaN
        found[np.isnan(highest)] = len(reading.labels)
    return LabelColumn(codes, reading.labels)


def _probabilities(table: pa.Table, reading: Reading, source: Source) -> tuple[Scores, Floats]:
    """Probabilities of shape (rows, labels), NaN where one is null, and the rows' sums.

    Each label's lie together in memory, as they do in the file and are used.
    """
    if reading.probability_list is not None:
        assert reading.labels is not None
        name = reading.probability_list
        scores = _list_scores(table.column(name), len(reading.labels), name, source)
    else:
        parts = [score_column(table.column(column), column, source) for _, column in reading.probabilities]
        scores = np.stack(parts).T
    totals: Floats = row_sums(scores)
    if (totals == 0).any():
        row = int(np.flatnonzero(totals == 0)[0])
        raise bad_row(source, row, "has probabilities that add up to 0")
    return scores, totals


def _list_scores(column: pa.ChunkedArray, width: int, name: str, source: Source) -> Scores:
    if not is_list(column.type):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {column.type}, not lists of probabilities",
            "store one list of probabilities a row, in the order of labels",
        )
    lengths, present = list_lengths(column)
    wrong = present & (lengths != width)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise bad_row(source, row, f"has {lengths[row]} probabilities in {name!r} for {width} labels")
    flat = score_column(flattened(column), name, source, np.repeat(np.arange(len(column)), lengths))
    scores = np.full((len(column), width), np.nan, dtype=flat.dtype)
    scores[present] = flat.reshape(-1, width)
    return scores


def _elements(table: pa.Table, reading: Reading, source: Source, repeated: Bools | None) -> Batch:
    """The batch of a multi-dimensional target: every element of a row's lists is an entry of its own.

    A row whose list is null, or holds a null, is missing as a whole. Raises InvalidPredictions for lists of
    different length in one row.
    """
    actual, *others = _element_columns(reading)
    lists = {name: _as_lists(table, name, actual, source) for name in (actual, *others)}
    lengths, known = whole_lists(lists[actual])
    left_out = 0 if repeated is None else int(np.count_nonzero(repeated))
    if repeated is not None:
        known = known & ~repeated
    predicted = known.copy()
    for name in others:
        theirs, there = list_lengths(lists[name])
        wrong = known & there & (theirs != lengths)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise bad_row(
                source, row, f"has {theirs[row]} values in {name!r} for {lengths[row]} actual labels"
            )
        predicted &= whole_lists(lists[name])[1]
    unknown = int((~known).sum()) - left_out
    tally = Tally(len(table), unknown, int((known & ~predicted).sum()), left_out)
    rows = np.repeat(np.flatnonzero(predicted), lengths[predicted])
    flat = _flat(table, lists, reading, predicted, rows)
    batch = read_batch(flat, reading, replace(source, rows=rows))
    return replace(batch, source=source, tally=tally, positions=rows + source.first_row)


def _as_lists(table: pa.Table, name: str, actual: str, source: Source) -> pa.ChunkedArray:
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_null(column.type):
        return column.cast(pa.list_(pa.null()))
    if not is_list(column.type):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds {column.type}, and the actual labels are lists",
            "store one list a row in both, of the same length",
        )
    if is_list(column.type.value_type):
        raise InvalidPredictions(
            f"{source.key}: the column {name!r} holds lists of lists",
            "store one flat list of elements a row",
        )
    return column


def _flat(table: pa.Table, lists: Mapping[str, Any], reading: Reading, kept: Bools, rows: Any) -> pa.Table:
    """One row an element: lists flattened, everything else repeated."""
    import pyarrow as pa

    whole = pa.array(kept)
    columns = {name: flattened(column.filter(whole)) for name, column in lists.items()}
    repeated = [name for name in reading.columns if name not in lists]
    return pa.table(columns | {name: widened(table.column(name)).take(pa.array(rows)) for name in repeated})
