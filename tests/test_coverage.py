"""The simulation of coverage, in small: what ``./run coverage`` does on its whole grid."""

from __future__ import annotations

from itertools import chain

import pytest

from tests.coverage.held import Cell, by_method, cells, mean, worst
from tests.coverage.populations import Labels, grid, score_grid

METHODS = {
    "delong_effective_sample",
    "delta_effective_sample",
    "folded_normal_test",
    "mover_of_delong_effective_sample",
    "mover_of_wilson",
    "mover_of_wilson_of_positives",
    "normal_of_mean",
    "score_test_of_largest",
    "wilson",
    "wilson_effective_sample",
    "wilson_of_jaccard",
    "wilson_of_positives",
}


@pytest.fixture(scope="module")
def found() -> list[Cell]:
    """Every figure's interval on a corner of the grid."""
    of_labels = grid(labels=(2, 8), rows=(1000,), imbalance=(1, 4), wrong=(0.05, 0.3))
    of_scores = score_grid(rows=(1000,), prevalence=(0.3,), apart=(1.5,), labels=(6,))
    return cells(chain(of_labels, of_scores), 150)


def test_every_method_is_covered(found: list[Cell]) -> None:
    """Each method that a figure names is simulated, so that none escapes."""
    assert set(by_method(found)) == METHODS


def test_intervals_hold_the_true_figure(found: list[Cell]) -> None:
    """In 95 % of the samples by each method on average, ± 3.5 points for chance with so few of them."""
    for method, own in by_method(found).items():
        assert mean(own) == pytest.approx(0.95, abs=0.035), (method, worst(own).name)


def test_no_interval_is_without_width(found: list[Cell]) -> None:
    """Whatever the sample."""
    assert min(cell.narrowest for cell in found) > 0


def test_the_simulation_can_fail() -> None:
    """Of intervals half as wide it finds that they hold too seldom."""

    class Half(Labels):
        def draw(self, rng: object) -> object:
            table = super().draw(rng)
            for name in [key for key in table.overall if f"{key}_interval" in table.overall]:
                value, ends = table.overall[name], table.overall[f"{name}_interval"]
                table.overall[f"{name}_interval"] = [(value + end) / 2 for end in ends]
            return table

    [honest] = grid(labels=(3,), rows=(1000,), imbalance=(3,), wrong=(0.1,))
    halved = cells([Half(honest.name, honest.rows, honest.cells)], 100)

    assert mean([cell for cell in halved if cell.figure == "accuracy"]) < 0.85
    assert mean([cell for cell in halved if cell.figure == "weighted_f1"]) < 0.85
