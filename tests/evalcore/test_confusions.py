"""What mending a confusion would gain, and the order in which confused labels stand together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from evalcore.confusions import together, weighted_f1_gains

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
