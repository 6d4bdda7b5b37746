"""Figures do not depend on the sizes that work is cut into, nor on the way that its size makes it take."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evalcore.accumulator import Spec
from evalcore.settings import resolve_settings
from evalcore.states.ranking import row_bytes
from evalcore.summary import Identity
from flows.measure import measure_tables
from flows.rows import Rows
from tests.infra.tablefiles import folder

IDENTITY = Identity("m", "m", "v", None, "0" * 64, "test", None)
ROWS = 700
LABELS = {"two labels": 2, "probabilities": 4, "labels": 20}
SIZES = (
    "evalcore.arrow.CLOSE_TOGETHER",
    "evalcore.arrow.FEW_ROWS",
    "evalcore.confusions._AT_A_TIME",
    "evalcore.groups.BLOCK",
    "evalcore.groups.CHUNK",
    "evalcore.logarithm.FACTORS",
    "evalcore.reading.CHUNK",
    "evalcore.states.counting.LARGE_CHUNK",
    "evalcore.states.counting.SMALL_CHUNK",
    "evalcore.states.firsts._FIRST_CHUNK",
    "evalcore.states.firsts._LAST_CHUNK",
    "evalcore.states.firsts._SAMPLE",
    "evalcore.states.scored.CHUNK",
    "infra.ids.matching._FEW",
    "infra.ids.texts._CHUNK",
)
"""How much is worked on at a time, where any number will do."""

OTHER_WAYS = {
    "evalcore.slice_scores.SLICE_BYTES": 1 << 40,  # one slice a pass
    "evalcore.states.cells.DENSE_LABELS": 0,
    "evalcore.states.confusion.LARGEST_TABLE": 0,
    "evalcore.states.counting._BYTE": 0,
    "evalcore.states.slices.DENSE_PLACES": 0,
    "evalcore.summary.DENSE_LABELS": 0,
    "evalcore.weights.HALF_BAND": 2,
    "infra.formats.parquet.PIECE_ROWS": 400,
    "infra.formats.parquet.SMALL_ROWS": 130,
    "infra.formats.parquet._PIECE_BYTES": 1,
}
"""What decides between two ways, so that the other one is taken, and pieces of a file that are cut."""

FEW_EXAMPLES = {"evalcore.states.examples.MOST_CELLS": 1, "evalcore.states.examples._DENSE_CELLS": 1}
"""For models of several labels: rows are then chosen in a second pass."""


@cache
def rows_of(kind: str, weighted: bool) -> tuple[list[Any], dict[str, Any]]:
    """Lopsided rows of two labels with scores that crowd and tie, of four with probabilities, or of labels alone."""
    rng = np.random.default_rng(len(kind) + weighted)
    size = LABELS[kind]
    actual = (size * rng.random(ROWS) ** (1 + size / 4)).astype(int)
    labels = [f"l{k}" for k in range(size)]
    columns: dict[str, Any] = {"y_true": pa.array(labels).take(pa.array(actual))}
    given: dict[str, Any] = {"labels": labels, "slices": ["place"], "example_columns": ["id"]}
    if kind == "two labels":
        scores = np.where(rng.random(ROWS) < 0.6, rng.beta(1, 60, ROWS), rng.beta(2 + actual, 3))
        scores[rng.random(ROWS) < 0.2] = rng.choice([0, 0.25, 1])
        columns["y_score"] = pa.array(scores, pa.float64() if weighted else pa.float32())
        given |= {
            "positive_label": "l1",
            "threshold": 0.4,
            "costs": {"false_positive": 1, "false_negative": 5},
        }
    elif kind == "probabilities":
        shares = np.exp(rng.normal(size=(ROWS, size)) + 2 * np.eye(size)[actual])
        shares = np.clip(np.round(shares / shares.sum(axis=1, keepdims=True), 2), 1e-3, 1)
        columns |= {f"proba_{name}": pa.array(shares[:, k], pa.float32()) for k, name in enumerate(labels)}
    else:
        columns["y_pred"] = pa.array(labels).take(
            pa.array(np.where(rng.random(ROWS) < 0.6, actual, actual // 2))
        )
    columns["place"] = pa.array([f"p{int(3 * x**3)}" for x in rng.random(ROWS)])
    columns = {name: _with_gaps(values, rng) for name, values in columns.items()}
    columns["id"] = pa.array([str(n if n % 90 else 0) for n in rng.permutation(ROWS)])
    if weighted:
        columns["weight"] = pa.array(rng.choice([0.0, 0.5, 1.0, 2.25, 1e-3], ROWS))
    return folder(pa.table(columns), ".parquet", [ROWS // 3], rows=480), given


def _with_gaps(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    return pa.array(
        [
            None if gap else value
            for value, gap in zip(values.to_pylist(), rng.random(ROWS) < 0.02, strict=True)
        ],
        values.type,
    )


def within(share: float, spec: Spec) -> Spec:
    """The spec with a budget of this share of what the scores of all labels take."""
    columns = 1 if spec.positive_label else len(spec.score_labels or ())
    return replace(spec, score_budget=int(share * ROWS * row_bytes(spec, columns, spec.weighted)))


def figures(kind: str, weighted: bool, share: float) -> dict[str, Any]:
    """The summary, where this share of what the rows' scores take is the memory budget."""
    files, given = rows_of(kind, weighted)
    spec = Rows.spec
    with pytest.MonkeyPatch.context() as patched:
        if share:
            patched.setattr(Rows, "spec", lambda rows: within(share, spec(rows)))
        found = measure_tables(files, resolve_settings(given, {}), IDENTITY)
    return {name: found[name] for name in found if name not in ("inputs", "provenance")}


@cache
def expected(kind: str, weighted: bool, share: float) -> dict[str, Any]:
    """The same with the sizes that are in force."""
    return dict(leaves(figures(kind, weighted, share)))


def leaves(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a summary by its path; a matrix as its cells."""
    if isinstance(part, dict) and "matrix" in part:
        rows = enumerate(part["matrix"])
        cells = [[i, j, n] for i, row in rows for j, n in enumerate(row) if n]
        part = {"labels": part["labels"], "cells": cells, "normalized": part["normalized"]}
    if isinstance(part, dict | list):
        yield f"{path}#", len(part)
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from leaves(value, f"{path}.{name}")
    else:
        yield path, part


def check(kind: str, weighted: bool, share: float) -> None:
    """Counts and texts are equal, and sums to 1e-12."""
    found, wanted = dict(leaves(figures(kind, weighted, share))), expected(kind, weighted, share)
    assert set(found) ^ set(wanted) == set()
    odd = {
        path: (value, wanted[path])
        for path, value in found.items()
        if value
        != (pytest.approx(wanted[path], rel=1e-12, abs=1e-12) if isinstance(value, float) else wanted[path])
    }
    assert not odd


def patch(monkeypatch: pytest.MonkeyPatch, constants: dict[str, int]) -> None:
    """Set constants of modules."""
    for path, value in constants.items():
        module, _, name = path.rpartition(".")
        monkeypatch.setattr(importlib.import_module(module), name, value)


each_kind = pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("two labels", 0),
        ("two labels", 0.9),
        ("two labels", 0.2),
        ("probabilities", 0),
        ("probabilities", 0.9),
        ("probabilities", 0.3),
        ("labels", 0),
    ],
)
each_weight = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])


@pytest.mark.parametrize("way", ["pieces of three rows", "the other way"])
@each_weight
@each_kind
def test_figures_do_not_go_by_sizes(
    monkeypatch: pytest.MonkeyPatch, kind: str, share: float, weighted: bool, way: str
) -> None:
    """Work cut anywhere, within the budget of scores and beyond; tables dense and sparse, rows counted and sorted."""
    expected(kind, weighted, share)
    other = OTHER_WAYS | ({} if kind == "two labels" else FEW_EXAMPLES)
    patch(monkeypatch, other if way == "the other way" else dict.fromkeys(SIZES, 3))

    check(kind, weighted, share)
