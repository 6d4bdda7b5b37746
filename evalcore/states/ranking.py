"""Scores held whole while they fit a budget, to rank rows by them; beyond it, a histogram of them.

The decision goes by the number of rows alone, never by how they were cut: what a part holds grows with its
rows, so the whole is held exactly if it fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec, State, refuse_other_spec
from evalcore.batch import Batch, Scores
from evalcore.states.counting import weigh
from evalcore.states.scored import binary_rows, label_rows
from evalcore.weights import joined

EVEN = 1 << 16
"""Bins of equal width, an exact power of 2, so that no rounding moves a score."""

FINE = 1 << 14
"""Bins that the first of these is parted into, 256 for each halving of the score; the last one likewise, by
1 − score: models that are sure crowd their scores there."""

BINS = EVEN + 2 * FINE

ALL = slice(None)

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class RankedScores:
    """Rows with scores in columns, each label against the rest, in pieces as they came.

    A piece has ``scores`` of shape (rows, columns), as stored, ``actual``, with several labels ``totals``
    that each row is divided by, and ``weights`` where rows have them. ``actual`` is 1 or 0 for a positive
    label, else the label's position. A column is the positive label's score, or one label's of ``focus``.

    Where ``held`` bytes exceed the budget there are no pieces; with one column ``histogram`` has instead,
    by bin, ``counts`` of the rest and of the label, with weights ``weights`` and ``norms`` too, shape
    (bins, 2), and the ``least`` and the ``greatest`` score, so that bins of one score are known. ``double``
    says that some scores have double precision: then all count as such.
    """

    spec: Spec
    rows: int
    double: bool
    pieces: tuple[Columns, ...]
    histogram: Columns | None = None

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """No rows."""
        return cls(spec, 0, False, ())

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """The rows of one batch."""
        piece = _piece(spec, batch)
        rows = len(piece["actual"])
        return cls(spec, rows, piece["scores"].dtype == np.float64, (piece,) if rows else ())._within()

    @property
    def labels(self) -> tuple[int, ...]:
        """The position of each column's label; of a positive label it is 1."""
        if self.spec.positive_label is not None:
            return (1,)
        return self.spec.focus or tuple(range(len(self.spec.score_labels or ())))

    @property
    def held(self) -> int:
        """How many bytes the rows take, or would take if all were held."""
        return self.rows * row_bytes(self.spec, len(self.labels), self.double)

    @property
    def exact(self) -> bool:
        """Whether all rows are held."""
        return self.held <= self.spec.score_budget

    def merge(self, other: Self) -> Self:
        """Both sets of rows. Raises MergeError where the specs differ."""
        refuse_other_spec(self, other)
        parts = [part.histogram for part in (self, other) if part.histogram is not None]
        both = replace(
            self,
            rows=self.rows + other.rows,
            double=self.double or other.double,
            pieces=self.pieces + other.pieces,
            histogram=_plus(*parts) if parts else None,
        )
        return both._within()

    def _within(self) -> Self:
        """Itself within the budget: beyond it, pieces give way to a histogram, or to nothing."""
        if self.exact or not self.pieces:
            return self
        if len(self.labels) > 1:
            return replace(self, pieces=())
        counts = self.histogram
        for piece in self.pieces:
            found = _histogram(self.spec, piece, self.labels[0])
            counts = found if counts is None else _plus(counts, found)
        return replace(self, pieces=(), histogram=counts)

    def state(self) -> State:
        """The rows as one piece, in an order of their own, and the histogram where there is one."""
        found: Columns = {"rows": np.array(self.rows), "double": np.array(self.double)}
        if self.histogram is not None:
            found |= {f"histogram_{name}": table for name, table in self.histogram.items()}
        return found | (_ordered(self.pieces) if self.pieces else {})

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        piece = {name: state[name] for name in ("scores", "actual", "totals", "weights") if name in state}
        rows, double = state["rows"].item(), state["double"].item()
        tables = {name: state[f"histogram_{name}"] for name in _TABLES if f"histogram_{name}" in state}
        return cls(spec, rows, double, (piece,) if piece else (), tables or None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RankedScores):
            return NotImplemented
        mine, theirs = self.state(), other.state()
        same = self.spec == other.spec and mine.keys() == theirs.keys()
        return same and all(np.array_equal(mine[name], theirs[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]


def row_bytes(spec: Spec, columns: int, double: bool) -> int:
    """How many bytes a row takes: its scores, its actual label and sum, its weight, and one sorting key."""
    width = 8 if double else 4
    several = spec.positive_label is None
    return columns * width + (20 if several else 1 + width) + (16 if spec.weighted else 0)


def column(piece: Columns, place: int, rows: slice = ALL) -> Scores:
    """One label's scores in a piece, divided by the rows' sums in float64 where there are several labels."""
    scores = piece["scores"][rows, place]
    return np.asarray(scores / piece["totals"][rows]) if "totals" in piece else scores


def bins_of(scores: Scores) -> npt.NDArray[np.intp]:
    """The bin of every score, rising with it; that of 0 is the first, that of 1 the last."""
    even = np.minimum((scores * scores.dtype.type(EVEN)).astype(np.intp), EVEN - 1)
    found = even + FINE
    lowest, highest = even == 0, even == EVEN - 1
    found[lowest] = _fine(scores[lowest])
    found[highest] = BINS - 1 - _fine(1 - scores[highest])
    return found


def _fine(small: Scores) -> npt.NDArray[np.intp]:
    """The bin of scores within an even bin's width of 0, by exponent and eight bits of the fraction."""
    bits: npt.NDArray[np.int64] = np.abs(small).astype(np.float64).view(np.int64) >> 44
    top = int(np.array(1 / EVEN).view(np.int64)) >> 44
    return np.clip(FINE - top + bits, 0, FINE - 1).astype(np.intp)


def _piece(spec: Spec, batch: Batch) -> Columns:
    if spec.positive_label is not None:
        rows = binary_rows(spec, batch)
        found: Columns = {"scores": rows.scores[:, None], "actual": rows.positive.view(np.int8)}
        weights = rows.weights
    else:
        several = label_rows(spec, batch)
        columns = slice(None) if spec.focus is None else list(spec.focus)
        actual = several.actual.astype(np.int16 if len(spec.score_labels or ()) < 1 << 15 else np.int32)
        found = {"scores": several.scores[:, columns], "actual": actual, "totals": several.totals}
        weights = several.weights
    if weights is not None:
        found["weights"] = weights
    return found if spec.crowded is None else _crowded(spec.crowded, found)


def _crowded(bins: tuple[int, ...], piece: Columns) -> Columns:
    wanted = np.zeros(BINS, dtype=bool)
    wanted[list(bins)] = True
    kept = wanted[bins_of(column(piece, 0))]
    return {name: values[kept] for name, values in piece.items()}


_TABLES = ("counts", "weights", "norms", "least", "greatest")


def _histogram(spec: Spec, piece: Columns, label: int) -> Columns:
    scores = column(piece, 0)
    bins = bins_of(scores)
    at = bins * 2 + (piece["actual"] == label)
    weights = piece.get("weights")
    tables: Columns = {"counts": np.bincount(at, minlength=2 * BINS)}
    if weights is not None:
        tables["weights"], tables["norms"] = weigh(at, weights, 2 * BINS)
    found: Columns = {name: table.astype(np.float64).reshape(BINS, 2) for name, table in tables.items()}
    return found | _ends(scores, tables["counts"].reshape(BINS, 2).sum(axis=1))


def _ends(scores: Scores, rows: npt.NDArray[Any]) -> Columns:
    """The least and the greatest score of every bin: bins rise with the scores, so sorting parts them."""
    ordered, ends, filled = np.sort(scores), rows.cumsum(), np.flatnonzero(rows)
    least, greatest = np.full(BINS, np.inf), np.full(BINS, -np.inf)
    least[filled] = ordered[ends[filled] - rows[filled]]
    greatest[filled] = ordered[ends[filled] - 1]
    return {"least": least, "greatest": greatest}


def _plus(one: Columns, other: Columns | None = None) -> Columns:
    if other is None:
        return one
    united: dict[str, Any] = {"least": np.minimum, "greatest": np.maximum, "norms": joined}
    return {name: united.get(name, np.add)(one[name], other[name]) for name in one}


def _ordered(pieces: tuple[Columns, ...]) -> Columns:
    """All rows as one piece, sorted by all they hold."""
    whole = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    keys = [whole[name] for name in ("weights", "actual", "totals") if name in whole]
    order = np.lexsort([*keys, *whole["scores"].T[::-1]])
    return {name: values[order] for name, values in whole.items()}
