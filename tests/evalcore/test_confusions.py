"""What mending a confusion would gain, and the order in which confused labels stand together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from evalcore import confusions
from evalcore.confusions import Errors, in_blocks, stored_table, together, weighted_f1_gains
from evalcore.states.cells import Cells

SQUARES = st.integers(2, 4).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 40), min_size=size, max_size=size), min_size=size, max_size=size
    )
)


def cells(matrix: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells of a matrix that are not empty."""
    counts = np.array(matrix)
    actual, predicted = np.nonzero(counts)
    return actual, predicted, counts[actual, predicted]


def weighted_f1(matrix: np.ndarray) -> float:
    """The reference's weighted F1, from the rows that a matrix stands for."""
    actual, predicted = np.nonzero(matrix)
    weights = matrix[actual, predicted]
    return f1_score(actual, predicted, sample_weight=weights, average="weighted", zero_division=0)


@settings(max_examples=30, deadline=None)
@given(SQUARES)
def test_the_gain_is_that_of_the_mended_matrix(matrix: list[list[int]]) -> None:
    """It is scikit-learn's weighted F1 with the cell's rows on the diagonal, less that of the matrix."""
    before = np.array(matrix)
    if not before.sum():
        return
    for i, j, gain in zip(*cells(matrix)[:2], weighted_f1_gains(*cells(matrix)), strict=True):
        after = before.copy()
        after[i, i] += after[i, j] if i != j else 0
        after[i, j] -= after[i, j] if i != j else 0
        assert gain == pytest.approx(weighted_f1(after) - weighted_f1(before), abs=1e-12)


def test_a_gain_by_hand() -> None:
    """[[3, 1], [2, 4]], cell (1, 0): F1 goes from 6/9 to 6/7 and from 8/11 to 12/13, at supports 4 and 6."""
    gains = weighted_f1_gains(*cells([[3, 1], [2, 4]]))

    assert gains[2] == pytest.approx(((6 / 7 - 6 / 9) * 4 + (12 / 13 - 8 / 11) * 6) / 10)
    assert gains[0] == gains[3] == 0


def test_no_rows_gain_nothing() -> None:
    """An empty matrix has no cells and no gains."""
    assert weighted_f1_gains([], [], []).tolist() == []


@given(SQUARES)
def test_the_order_has_every_label_once(matrix: list[list[int]]) -> None:
    """It is a permutation, the same one at every call and for any order of the cells."""
    size, (actual, predicted, counts) = len(matrix), cells(matrix)
    order = together(actual, predicted, counts, size)

    assert sorted(order) == list(range(size))
    assert together(actual[::-1], predicted[::-1], counts[::-1], size) == order


def test_confused_labels_become_neighbours() -> None:
    """Labels that are confused in pairs far apart stand side by side; the rest keeps its order."""
    matrix = np.diag([100] * 6)
    matrix[0, 4] = matrix[5, 2] = 30
    matrix[4, 3] = 10

    assert together(*cells(matrix.tolist()), 6) == [0, 4, 3, 1, 2, 5]


def test_without_errors_the_order_is_the_labels_own() -> None:
    """Nothing is moved for no reason."""
    assert together(*cells(np.diag([3, 2, 1]).tolist()), 4) == [0, 1, 2, 3]


# -- a stored matrix ---------------------------------------------------------------------------------


def stored(matrix: list[list[int]]) -> Cells:
    """A matrix as a summary has it whole."""
    return stored_table({"labels": [str(i) for i in range(len(matrix))], "matrix": matrix})


@settings(max_examples=30)
@given(SQUARES)
def test_whole_and_as_cells_it_is_the_same(matrix: list[list[int]]) -> None:
    """An empty cell that is listed changes nothing."""
    labels = [str(i) for i in range(len(matrix))]
    listed = [[i, j, number] for i, row in enumerate(matrix) for j, number in enumerate(row)]
    for found in (stored(matrix), stored_table({"labels": labels, "cells": listed})):
        assert found.listed() == [[i, j, n] for i, j, n in listed if n]


@settings(max_examples=30)
@given(SQUARES)
def test_errors_come_by_size_and_by_gain(matrix: list[list[int]]) -> None:
    """Equal cells in the order of the matrix; of equal gains the larger cell first."""
    found = Errors.of(stored(matrix))
    wrong = [tuple(cell) for cell in stored(matrix).listed() if cell[0] != cell[1]]
    by_size = sorted(wrong, key=lambda cell: (-cell[2], cell[0], cell[1]))
    gains = dict(found.listed(slice(None)))

    assert list(gains) == by_size
    assert [cell for cell, _ in found.listed(found.by_gain)] == sorted(by_size, key=lambda cell: -gains[cell])


def test_blocks_are_sums_of_neighbours() -> None:
    """In the order that is asked for; what is over makes a smaller block."""
    found = stored([[1, 2, 0], [4, 8, 0], [0, 16, 32]])

    assert in_blocks(found, [0, 1, 2], 2).listed() == [[0, 0, 15], [1, 0, 16], [1, 1, 32]]
    assert in_blocks(found, [2, 1, 0], 2).listed() == [[0, 0, 56], [0, 1, 4], [1, 0, 2], [1, 1, 1]]


def test_the_order_does_not_go_by_how_many_pairs_are_taken_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs whose labels have both their neighbours by then are passed over either way."""
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 4, (60, 60)) * rng.integers(0, 2, (60, 60))
    whole = together(*cells(matrix), 60)
    monkeypatch.setattr(confusions, "_AT_A_TIME", 1)

    assert together(*cells(matrix), 60) == whole
