"""Which rows make examples: of every cell, of either end of the scores, of every part of [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec
from evalcore.batch import Batch, LabelColumn
from evalcore.states.firsts import Choice, Keys
from evalcore.values import Floats

PER_CELL = 5
"""Rows kept of every pair of an actual and a predicted label, of suspect ones and of the others."""

PER_END = 10
"""Rows kept of either binary label with the highest, and with the lowest scores."""

BINS = 10
"""Parts of [0, 1] of each of which one row of either binary label is kept."""

NO_SCORE = 2.0
"""The key of a row without a score: behind all that have one."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Rows as choices see them, in codes of two vocabularies; functions take places and give arrays.

    ``score`` is the positive label's, or of the predicted label among several. ``rough`` says what ``score``
    says, quickly, and never less. ``bins`` are the parts of [0, 1] that the positive label's scores lie in,
    ``against`` is the actual label's probability among several.
    """

    y_true: LabelColumn
    y_pred: LabelColumn
    suspect: Callable[[Any], Array]
    score: Callable[[Any], Array] | None = None
    rough: Callable[[Any], Array] | None = None
    bins: Callable[[Any], Array] | None = None
    against: Callable[[Any], Array] | None = None


def choices(spec: Spec, rows: Rows) -> list[Choice]:
    """What is kept of these rows.

    By threshold the ends hold every cell's most confident rows, so cells need no choice of their own.
    """
    binary = spec.positive_label is not None and rows.score is not None and spec.example_cells is None
    if not binary:
        return [_cells(spec, rows)]
    return [*([] if spec.scores_decide else [_cells(spec, rows)]), *_ends(rows)]


def _cells(spec: Spec, rows: Rows) -> Choice:
    actual, predicted = rows.y_true, rows.y_pred
    width = predicted.missing + 1
    groups = (actual.missing + 1) * width * 2

    def cells(places: Any) -> Array:
        codes: Array = actual.codes[places].astype(np.int64)
        codes *= width
        codes += predicted.codes[places]
        codes *= 2
        codes += rows.suspect(places)
        return codes

    def look(places: Any) -> Keys:
        found = cells(places)
        return found, _key(spec, rows, rows.rough or rows.score, places, len(found))

    def exact(places: Any) -> Keys:
        found = cells(places)
        return found, _key(spec, rows, rows.score, places, len(found))

    tied = rows.score is None
    wanted = _open(spec, actual, predicted)
    if tied:  # without scores no row is suspect
        wanted[1::2] = False
    return Choice(PER_CELL, groups, look, exact, wanted, tied)


def _open(spec: Spec, actual: LabelColumn, predicted: LabelColumn) -> npt.NDArray[np.bool_]:
    found = np.zeros((actual.missing + 1, predicted.missing + 1, 2), dtype=bool)
    if spec.example_cells is None:
        found[: actual.missing, : predicted.missing] = True
        return found.ravel()
    rows = {label: code for code, label in enumerate(actual.vocabulary)}
    columns = {label: code for code, label in enumerate(predicted.vocabulary)}
    for one, other in spec.example_cells:
        if one in rows and other in columns:
            found[rows[one], columns[other]] = True
    return found.ravel()


def _key(spec: Spec, rows: Rows, score: Callable[[Any], Array] | None, places: Any, n: int) -> Array:
    """The less, the surer of its predicted label; within a cell 1 − s falls as s rises: s does for it."""
    if score is None:
        return np.broadcast_to(np.float64(0), n)
    found = score(places)
    if spec.positive_label is None:
        keys = -found
    else:
        keys = np.where(is_label(rows.y_pred, spec.positive_label, places), -found, found)
    return np.where(np.isnan(keys), keys.dtype.type(NO_SCORE), keys)


def _ends(rows: Rows) -> list[Choice]:
    """At any threshold the label's rows on one side are the highest, or lowest, whatever the threshold is."""
    actual, predicted, labels = rows.y_true, rows.y_pred, rows.y_true.missing + 1
    assert rows.score is not None and rows.bins is not None
    read, part = rows.score, rows.bins
    known = np.arange(labels) < actual.missing
    gaps = bool((predicted.codes == predicted.missing).any())

    def score(places: Any) -> Array:
        found = read(places)
        if not gaps:
            return found
        return np.where(predicted.codes[places] == predicted.missing, found.dtype.type(np.nan), found)

    def low(places: Any) -> Keys:
        return actual.codes[places], score(places)

    def high(places: Any) -> Keys:
        return actual.codes[places], -score(places)

    def spread(places: Any) -> Keys:
        found = score(places)
        group = actual.codes[places].astype(np.int32)
        group *= BINS
        group += part(places)
        return group, found * 0  # NaN stays NaN: such a row is not kept

    return [
        Choice(PER_END, labels, low, open=known),
        Choice(PER_END, labels, high, open=known),
        Choice(1, labels * BINS, spread, open=np.repeat(known, BINS), tied=True),
    ]


def _bins(scores: Array) -> Array:
    return np.minimum(np.where(np.isnan(scores), 0, scores * BINS).astype(np.int16), BINS - 1)


def is_label(column: LabelColumn, label: str, places: Any) -> npt.NDArray[np.bool_]:
    """Which rows have this label."""
    code = column.vocabulary.index(label) if label in column.vocabulary else -1
    return np.asarray(column.codes[places] == code)


def batch_rows(spec: Spec, batch: Batch) -> Rows:
    """A batch as choices see it."""
    if batch.scores is None:
        return Rows(batch.y_true, batch.y_pred, lambda _: np.int64(0))  # type: ignore[arg-type, return-value]
    if spec.positive_label is not None:
        positive, scores = spec.positive_label, batch.compared
        assert scores is not None
        return Rows(
            batch.y_true,
            batch.y_pred,
            lambda places: _binary_suspect(spec, batch.y_true, positive, scores, places),
            lambda places: scores[places],
            bins=lambda places: _bins(scores[places]),
        )
    return _several(spec, batch)


def _binary_suspect(spec: Spec, actual: LabelColumn, positive: str, scores: Any, places: Any) -> Array:
    score = scores[places]
    low, high = (score.dtype.type(limit) for limit in spec.suspect)
    own = np.where(is_label(actual, positive, places), score, 1 - score)
    return np.asarray((own < low) & (1 - own > high))


def _several(spec: Spec, batch: Batch) -> Rows:
    assert spec.score_labels is not None and batch.scores is not None
    scores, labels = batch.scores, spec.score_labels
    predicted, actual = batch.y_pred.recoded(labels), batch.y_true.recoded(labels)
    flat, width = scores.ravel(), len(labels)
    low, high = spec.suspect
    # No row's sum is off by more than 1e-3 where none is counted as such.
    slack = 1.002 if batch.unnormalised == 0 else None

    def raw(column: Array, places: Any) -> Array:
        codes = column[places]
        rows = np.arange(len(column))[places] if not isinstance(places, slice) else _numbers(places)
        found: Array = flat[np.minimum(codes, width - 1) + rows * width]
        found[codes == width] = np.nan
        return found

    def score(places: Any) -> Array:
        return np.asarray(raw(predicted, places).astype(np.float64) / totals(places))

    def totals(places: Any) -> Floats:
        # Cast first: a sum that casts as it goes depends on where a row lies in its buffer.
        return np.asarray(scores[places].astype(np.float64).sum(axis=1))

    def suspect(places: Any) -> Array:
        against = raw(actual, places)
        found = np.zeros(len(against), dtype=bool)
        rare = np.flatnonzero(against < (2.0 if slack is None else low * slack))
        at = np.arange(places.start, places.stop)[rare] if isinstance(places, slice) else places[rare]
        whole = totals(at)
        found[rare] = (against[rare] / whole < low) & (scores[at].max(axis=1) / whole > high)
        return found

    rough = None if slack is None else lambda places: raw(predicted, places) * np.float32(slack)

    def against(places: Any) -> Array:
        return np.asarray(raw(actual, places).astype(np.float64) / totals(places))

    return Rows(batch.y_true, batch.y_pred, suspect, score, rough, against=against)


def _numbers(places: slice) -> Array:
    return np.arange(places.start, places.stop)
