"""Rows that examples are made of: few, and the same ones however the rows are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec, State, packed, refuse_other_spec, unpacked
from evalcore.batch import Batch, LabelColumn
from evalcore.labels import in_order
from evalcore.states.example_choices import Rows, batch_rows, choices
from evalcore.states.firsts import firsts
from evalcore.values import Floats, Integers

MOST_CELLS = 2500
"""With more cells the rows are chosen in a second pass, from the cells that the counts then name."""

_DENSE_CELLS = 1 << 21
"""Places of a table of all cells; with more labels than such a table holds there is a second pass, too."""


@dataclass(frozen=True)
class Candidates:
    """Rows as columns. ``actual``, ``predicted`` and ``file`` are positions in lists of names.

    ``score`` is the positive label's score, or with several labels the predicted label's probability;
    ``against`` the actual label's probability with several labels; NaN where there is none. ``bin`` is the
    score's part of [0, 1]; ``suspect`` says that the actual label is improbable and another all but certain.
    """

    actual: Integers
    predicted: Integers
    file: Integers
    row: Integers
    score: Floats
    against: Floats
    bin: Integers
    suspect: npt.NDArray[np.bool_]

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def at(self, places: Any) -> Candidates:
        """The rows at these places."""
        return Candidates(**{name: column[places] for name, column in self.columns().items()})

    def __len__(self) -> int:
        return len(self.row)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Row by row, as Python values."""
        columns = {name: column.tolist() for name, column in self.columns().items()}
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


@dataclass(frozen=True)
class ExampleRows:
    """The rows that some choice keeps: the first of their group by a key, then by file and row.

    Without scores, or with several labels, of every cell five suspect rows and five others, the most
    confident ones. With scores of two labels, of either label the ten highest and ten lowest scores, so that
    at any threshold each cell has its five where there are as many, and one row of every tenth of [0, 1]: 100
    rows at most. A choice of a union is the choice of the choices, so merging has no order. ``too_many`` says
    that there are more cells, or labels, than are kept; there are no rows then.
    """

    spec: Spec
    labels: tuple[str, ...]
    files: tuple[str, ...]
    rows: Candidates
    too_many: bool = False

    @classmethod
    def empty(cls, spec: Spec, too_many: bool = False) -> Self:
        """No rows."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        none = Candidates(whole, whole, whole, whole, real, real, whole, np.zeros(0, dtype=bool))
        return cls(spec, (), (), none, too_many)

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Choose from one batch, among rows with an actual and a predicted label."""
        if (batch.y_true.missing + 1) * (batch.y_pred.missing + 1) > _DENSE_CELLS:
            wanted = _wanted(spec, batch)
            if _too_many(spec, wanted):
                return cls.empty(spec, too_many=True)
            batch = _narrowed(batch, wanted)
        seen = batch_rows(spec, batch)
        kept = _chosen(spec, seen, batch.rows)
        if kept is None:
            return cls.empty(spec, too_many=True)
        labels = in_order([*_names(batch.y_true, kept), *_names(batch.y_pred, kept)])
        if _too_many(spec, labels):
            return cls.empty(spec, too_many=True)
        rows = _candidates(spec, batch, seen, kept, labels)
        return cls(spec, labels, (batch.source.key,) if len(kept) else (), rows)

    def merge(self, other: Self) -> Self:
        """Choose from both. Raises MergeError where the specs differ."""
        refuse_other_spec(self, other)
        if self.too_many or other.too_many:
            return self.empty(self.spec, too_many=True)
        labels = in_order({*self.labels, *other.labels})
        if _too_many(self.spec, labels):
            return self.empty(self.spec, too_many=True)
        files = tuple(sorted({*self.files, *other.files}))
        parts = [part._named(labels, files).columns() for part in (self, other)]
        both = Candidates(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
        rows = both.at(np.lexsort((both.row, both.file)))
        kept = _chosen(self.spec, _rows(rows, labels), len(rows))
        if kept is None:
            return self.empty(self.spec, too_many=True)
        return type(self)(self.spec, labels, files, rows.at(kept))._trimmed()

    def _named(self, labels: tuple[str, ...], files: tuple[str, ...]) -> Candidates:
        to_label, to_file = _to(self.labels, labels), _to(self.files, files)
        rows = self.rows
        moved = {
            "actual": to_label[rows.actual],
            "predicted": to_label[rows.predicted],
            "file": to_file[rows.file],
        }
        return Candidates(**rows.columns() | moved)

    def _trimmed(self) -> Self:
        """The same without names that no row has any more."""
        used = np.unique(np.concatenate([self.rows.actual, self.rows.predicted])).tolist()
        labels = tuple(self.labels[place] for place in used)
        files = tuple(self.files[place] for place in np.unique(self.rows.file).tolist())
        return type(self)(self.spec, labels, files, self._named(labels, files))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExampleRows):
            return NotImplemented
        mine, theirs = ((part.spec, part.labels, part.files, part.too_many) for part in (self, other))
        same = mine == theirs
        pairs = zip(self.rows.columns().values(), other.rows.columns().values(), strict=True)
        return same and all(np.array_equal(one, two, equal_nan=one.dtype.kind == "f") for one, two in pairs)

    __hash__ = None  # type: ignore[assignment]

    def state(self) -> State:
        """The names and the columns."""
        names = {"labels": packed(self.labels), "files": packed(self.files)}
        return names | {"too_many": np.array(self.too_many)} | self.rows.columns()

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        rows = Candidates(**{field.name: state[field.name] for field in fields(Candidates)})
        labels, files = (unpacked(state[name]) for name in ("labels", "files"))
        return cls(spec, labels, files, rows, bool(state["too_many"]))


def _too_many(spec: Spec, labels: tuple[str, ...]) -> bool:
    """Whether rows of cells of all these labels are more than one pass chooses."""
    return spec.example_cells is None and (len(labels) + 1) ** 2 > _DENSE_CELLS


def _wanted(spec: Spec, batch: Batch) -> tuple[str, ...]:
    """The labels of the cells that the spec names, else of the rows that have both."""
    if spec.example_cells is not None:
        return tuple(sorted({label for cell in spec.example_cells for label in cell}))
    there = np.flatnonzero(batch.evaluated())
    return tuple(sorted({*_names(batch.y_true, there), *_names(batch.y_pred, there)}))


def _narrowed(batch: Batch, wanted: tuple[str, ...]) -> Batch:
    """The batch with only these labels; rows with others lose them."""
    y_true, y_pred = (LabelColumn(column.recoded(wanted), wanted) for column in (batch.y_true, batch.y_pred))
    return replace(batch, y_true=y_true, y_pred=y_pred)


def _chosen(spec: Spec, rows: Rows, n: int) -> Integers | None:
    most = MOST_CELLS if spec.example_cells is None else None
    kept = [firsts(n, choice, most) for choice in choices(spec, rows)]
    found = [places for places in kept if places is not None]
    return np.unique(np.concatenate(found)) if len(found) == len(kept) else None


def _names(column: LabelColumn, places: Integers) -> list[str]:
    return [column.vocabulary[code] for code in np.unique(column.codes[places]).tolist()]


def _candidates(spec: Spec, batch: Batch, seen: Rows, kept: Integers, labels: tuple[str, ...]) -> Candidates:
    nothing, n = np.full(len(kept), np.nan), len(kept)
    binary = spec.positive_label is not None
    return Candidates(
        actual=_to(batch.y_true.vocabulary, labels)[batch.y_true.codes[kept]],
        predicted=_to(batch.y_pred.vocabulary, labels)[batch.y_pred.codes[kept]],
        file=np.zeros(n, dtype=np.int64),
        row=kept + batch.source.first_row if batch.positions is None else batch.positions[kept],
        score=nothing if seen.score is None else shortest(seen.score(kept)),
        against=nothing if binary or seen.against is None else seen.against(kept),
        bin=np.zeros(n, dtype=np.int64) if seen.bins is None else seen.bins(kept).astype(np.int64),
        suspect=np.broadcast_to(seen.suspect(kept), n).astype(bool),
    )


def _rows(rows: Candidates, labels: tuple[str, ...]) -> Rows:
    """Rows chosen before, as choices see them."""
    return Rows(
        LabelColumn(rows.actual, labels),
        LabelColumn(rows.predicted, labels),
        lambda places: rows.suspect[places],
        score=lambda places: rows.score[places],
        bins=lambda places: rows.bin[places],
    )


def _to(names: tuple[str, ...], among: tuple[str, ...]) -> Integers:
    """Where each name is among others; 0 for one that is not there, which no row has."""
    found = {name: place for place, name in enumerate(among)}
    return np.array([*(found.get(name, 0) for name in names), 0], dtype=np.int64)


def shortest(scores: npt.NDArray[Any]) -> Floats:
    """Scores as the shortest numbers that are stored so: a float32 0.7 is 0.7, and meets that threshold."""
    if scores.dtype == np.float64:
        return scores
    return np.array([float(str(score)) for score in scores], dtype=np.float64)
