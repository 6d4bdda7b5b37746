"""Populations whose figures are known, and samples of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec, fold
from evalcore.metrics.one_vs_rest import OneVsRest
from evalcore.scores import score_kinds, score_views, with_rankings
from evalcore.states.confusion import ConfusionCounts
from evalcore.tabulate import tabulate
from evalcore.values import Table
from tests.evalcore.batches import counts
from tests.evalcore.scored import (
    BINARY,
    PAIR,
    _binary_reading,
    _label_reading,
    binary_batches,
    label_batches,
)

Floats = npt.NDArray[np.float64]

LEAST_ROWS, LEAST_SUPPORT = 300, 30
"""Below these nothing is claimed: intervals are wide there, and warnings say so."""

POINTS = 300
"""Different scores, or rows of probabilities, that a population of scores has."""


class Population(Protocol):
    """What samples are drawn from; ``name`` says what makes it one of the grid."""

    name: str
    rows: int

    @property
    def truth(self) -> Table:
        """Its own figures."""

    def draw(self, rng: np.random.Generator) -> Table:
        """The figures of a sample of ``rows`` rows."""


@dataclass(frozen=True)
class Labels:
    """A population of actual and predicted labels: the share of each cell."""

    name: str
    rows: int
    cells: Floats

    @cached_property
    def truth(self) -> Table:
        """As the figures of so many rows that rounding does not show."""
        return self._figures(np.rint(self.cells * 1e12))

    def draw(self, rng: np.random.Generator) -> Table:
        """Rows fall into cells by the cells' shares."""
        return self._figures(rng.multinomial(self.rows, self.cells.ravel()).reshape(self.cells.shape))

    @staticmethod
    def _figures(cells: Any) -> Table:
        found = counts(cells.astype(np.int64).tolist(), [str(k) for k in range(len(cells))])
        return tabulate({ConfusionCounts: found, OneVsRest: OneVsRest(found)}, found.labels)


@dataclass(frozen=True)
class Scored:
    """A population of scores: a few rows of them, and the share of each with each actual label.

    ``scores`` has shape (points,) for the positive one of two labels, (points, labels) for several.
    """

    name: str
    rows: int
    scores: Floats
    shares: Floats

    @cached_property
    def truth(self) -> Table:
        """As the figures of rows that weigh as much as their share."""
        points, labels = self.shares.shape
        at = np.arange(points * labels)
        return self._figures(at, self.shares.ravel() * self.rows)

    def draw(self, rng: np.random.Generator) -> Table:
        """Rows with scores and actual label by their shares."""
        found = rng.multinomial(self.rows, self.shares.ravel())
        return self._figures(np.repeat(np.arange(len(found)), found))

    def _figures(self, at: Any, weights: Floats | None = None) -> Table:
        point, actual = np.divmod(at, self.shares.shape[1])
        if self.scores.ndim == 1:
            batches = binary_batches(actual == 1, self.scores[point], weights)
            reading = _binary_reading(weights is not None, BINARY)[1]
            spec = Spec(PAIR, weights is not None, PAIR, "yes", True)
        else:
            batches = label_batches(actual, self.scores[point], weights)
            reading = _label_reading(self.scores.shape[1], weights is not None)[1]
            spec = Spec(reading.labels, weights is not None, reading.labels, None, True)
        assert spec.labels is not None
        states = with_rankings(fold(score_kinds(reading), spec, batches))
        return tabulate(score_views(states, reading, spec.labels), spec.labels)


def grid(
    labels: tuple[int, ...] = (2, 3, 10, 30),
    rows: tuple[int, ...] = (300, 1000, 10_000),
    imbalance: tuple[float, ...] = (1, 3, 20),
    wrong: tuple[float, ...] = (0.02, 0.1, 0.3),
) -> Iterator[Population]:
    """Labels by their number, rows, largest over smallest share, and error rate; supports are 30 and more."""
    for size, n, times, rate in product(labels, rows, imbalance, wrong):
        shares = np.geomspace(times, 1, size)
        shares /= shares.sum()
        if n >= LEAST_ROWS and n * shares.min() >= LEAST_SUPPORT:
            name = f"{size} labels, {n} rows, {times:g} to 1, {rate:g} wrong"
            yield Labels(name, n, _confused(shares, rate))


def _confused(shares: Floats, wrong: float) -> Floats:
    """Errors fall on the label that follows and on all others, half and half."""
    size = len(shares)
    others = np.full((size, size), 0.5 / (size - 1)) + np.roll(np.eye(size), 1, axis=1) / 2
    np.fill_diagonal(others, 0)
    others /= others.sum(axis=1, keepdims=True)
    cells: Floats = shares[:, None] * ((1 - wrong) * np.eye(size) + wrong * others)
    return cells


def score_grid(
    rows: tuple[int, ...] = (300, 1000, 5000),
    prevalence: tuple[float, ...] = (0.1, 0.3, 0.5),
    apart: tuple[float, ...] = (0.5, 1.5, 3.0),
    labels: tuple[int, ...] = (3, 6),
    trust: tuple[float, ...] = (1.0, 2.0),
) -> Iterator[Population]:
    """Scores by rows, prevalence or labels, how far they part the labels, and how far they overstate it."""
    for n, share, distance, times in product(rows, prevalence, apart, trust):
        if n >= LEAST_ROWS and n * share >= LEAST_SUPPORT:
            name = f"scores, {n} rows, {share:g} positive, {distance:g} apart, trust {times:g}"
            yield Scored(name, n, *_binary(share, distance, times))
    for n, size, distance, times in product(rows, labels, apart, trust):
        scores, shares = _several(size, distance, times)
        if n >= LEAST_ROWS and n * shares.sum(axis=0).min() >= LEAST_SUPPORT:
            name = f"scores of {size} labels, {n} rows, {distance:g} apart, trust {times:g}"
            yield Scored(name, n, scores, shares)


def _binary(prevalence: float, distance: float, trust: float) -> tuple[Floats, Floats]:
    """Two normal distributions ``distance`` apart, each score the true probability, its logit overstated."""
    x = np.linspace(-4, 4 + distance, POINTS)
    densities = np.exp(-(x**2) / 2) * (1 - prevalence), np.exp(-((x - distance) ** 2) / 2) * prevalence
    shares = np.stack(densities, axis=1)
    logit = np.log(shares[:, 1] / shares[:, 0])
    return 1 / (1 + np.exp(-trust * logit)), shares / shares.sum()


def _several(size: int, distance: float, trust: float) -> tuple[Floats, Floats]:
    """Rows of true probabilities, drawn once for all, and those that are shown: powers of them."""
    rng = np.random.default_rng(size)
    logits = rng.normal(size=(POINTS, size)) * distance
    true = np.exp(logits)
    true /= true.sum(axis=1, keepdims=True)
    shown = np.exp(trust * logits)
    return shown / shown.sum(axis=1, keepdims=True), true / POINTS
